"""Rules on the diversity of samples: real ones that are all alike, generated ones that are, and copies of real ones.

Thresholds marked (measured) lie between planted failures and healthy runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ganzoo.audit.audit import Audit
from ganzoo.audit.diversity import SIDE, least_spread
from ganzoo.audit.findings import Finding, Level, percent
from ganzoo.audit.youth import is_falling, is_young, too_early

ALIKE = 0.2
"""Distance among generated samples over that among real ones, below which they are all alike (measured)."""
REPEATED = 0.5
"""Share of samples above which it is a failure that they have a near duplicate, or that they copy a training sample."""


def constant_data(audit: Audit) -> Iterator[Finding]:
    """Do real samples differ at all?"""
    name, count = "constant-data", audit.numbers.get("distinct")
    if count is None:
        return
    total = len(audit.samples[0])
    what = f"{count:.0f} of {total} real samples are different ones"
    if count > 1 or total < 2:
        yield Finding(name, "fine", what, {"distinct": count}, topic="mode-collapse")
        return
    what = f"all {total} real samples that were drawn are the same one: there is nothing to learn but that"
    yield Finding(name, "alarm", what, {"distinct": count}, (), "mode-collapse", "samples.png")


def collapse(audit: Audit) -> Iterator[Finding]:
    """Does G make few different samples? arXiv:1706.08224 for the birthday test."""
    name, n = "mode-collapse", audit.numbers
    advice = ("--loss wgan --lipschitz gp", "--lipschitz r1", "--loss hinge --lipschitz sn")
    if "spread" not in n:
        what = "real samples are all alike" if "w1" in n else "the generator's samples are not finite"
        yield Finding(name, "unknown", what, topic="mode-collapse")
        return
    evidence = _pick(
        audit, "spread", "pixels", "duplicates", "support", "classes/real", "classes/fake", "images", "spread/earlier"
    )
    found = list(_signs(audit))
    what = "; ".join(found or [_tell_spread(n)])
    if is_falling(audit):
        what += f"; they differed {percent(n['spread/earlier'])} as much at an earlier checkpoint"
    if found and is_young(audit) and n["spread"] > 0 and not is_falling(audit):
        yield Finding(name, "unknown", too_early(audit, what), evidence, topic="mode-collapse")
        return
    yield Finding(name, "alarm" if found else "fine", what, evidence, advice, "mode-collapse", "samples.png")


def _signs(audit: Audit) -> Iterator[str]:
    """Yield what shows that samples are few different ones.

    Duplicates are no sign where they copy few training samples, and `class-collapse` tells those of a class.
    """
    n = audit.numbers
    if least_spread(n) < ALIKE:
        yield _tell_spread(n)
    if n["duplicates"] > REPEATED and n.get("copies", 0.0) <= REPEATED and audit.classes is None:
        yield f"{percent(n['duplicates'])} have a near duplicate (1 % of real ones)"
    if _share_of_classes(n) < 0.5:
        yield f"{n.get('classes/fake', 0):.0f} of {n.get('classes/real', 0):.0f} classes appear"


def _tell_spread(numbers: Mapping[str, float]) -> str:
    """Say how much samples differ, by features or by pixels, whichever is less."""
    spread = least_spread(numbers)
    by_pixels = f", in pixels averaged to {SIDE} a side" if spread < numbers["spread"] else ""
    return f"samples differ {percent(spread)} as much as real ones{by_pixels}"


def _share_of_classes(numbers: Mapping[str, float]) -> float:
    """Return the share of the real classes that G makes; 1 if the extractor sees fewer than 5 classes, or has none."""
    real = numbers.get("classes/real", 0.0)
    return numbers["classes/fake"] / real if real >= 5 else 1.0


def memorisation(audit: Audit) -> Iterator[Finding]:
    """Does G copy training samples? The criterion of Gu et al. 2023, arXiv:2310.02664, Section 2."""
    name, n = "memorisation", audit.numbers
    if "copies" not in n:
        yield Finding(
            name, "unknown", "generated samples were not compared with training samples", topic="memorisation"
        )
        return
    what = f"{percent(n['copies'])} of the generated samples copy one of {n['copies/of']:,.0f} training samples"
    level: Level = "alarm" if n["copies"] > REPEATED else "fine"
    advice = ("--augment diffaug", "--augment ada")
    yield Finding(name, level, what, _pick(audit, "copies", "copies/of"), advice, "memorisation", "samples.png")


def _pick(audit: Audit, *names: str) -> dict[str, float | None]:
    return {name: audit.numbers[name] for name in names if name in audit.numbers}
