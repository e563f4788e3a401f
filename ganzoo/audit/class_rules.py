"""Rules on a conditional generator: do labels mean anything, does G obey them, and is each class diverse?

All shares are of few samples: `class_tests` tells what chance alone gives. Thresholds marked (measured) lie between
planted failures and healthy runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from torch import Tensor

from ganzoo.audit.audit import Audit
from ganzoo.audit.class_tests import are_ignored, are_informative, find_swaps, find_wrong
from ganzoo.audit.classes import FEWEST, MOST, ClassAudit
from ganzoo.audit.diversity import Numbers, least_spread
from ganzoo.audit.findings import Finding, Level, list_some, percent
from ganzoo.audit.youth import is_young, too_early

NARROW = 0.45
"""Distance among the samples of a class over that among its real ones, below which they are all alike (measured)."""
DIVERSE = 0.5
"""The same of the median class, from which a run is old enough to be blamed for the others."""
REPEATED = 0.6
"""Share of a class's samples with a near duplicate, above which one that is less than DIVERSE has few different ones.

By chance it is above in none of 15,000 simulated classes of 50 samples, and in 1 % of those of 20.
"""
ALL_REPEATED = 0.9
"""The same share, above which a class has few different samples however far apart they are."""
COPIED = 0.5
"""Share of all samples that copy training samples, above which duplicates tell that the training samples are few."""
LEARNT = 0.75
"""Accuracy of the median class over that of real ones, from which a run is old enough to be blamed for the others."""
SHOWN = 10
"""Most classes whose numbers are evidence: the worst ones. diagnosis.json has all."""
ADVICE = ("--set conditioner.fakes=false", "--conditioner projection", "--conditioner cgan")
"""D that learns classes from real samples alone cannot take wrong samples for right ones; others see the label."""
QUIET_LABELS = "--set conditioner.embedding_std=0.2"
"""Advice that lets the latent, and not the label, rule the samples at first."""


def apply_class_rules(audit: Audit) -> Iterator[Finding]:
    """Yield one finding per rule on a conditional GAN; none on another."""
    if not audit.traits.conditional:
        return
    for name, topic, rule in RULES:
        if audit.classes is None:
            what = f"fewer than two classes have {FEWEST} training samples, or samples of the generator are not finite"
            yield Finding(name, "unknown", what, topic=topic)
        else:
            yield from rule(audit, audit.classes)


def informative(audit: Audit, classes: ClassAudit) -> Iterator[Finding]:
    """Are labels of unseen real samples told better than by chance?"""
    what = f"{_judge(classes)} tells {percent(_share(classes.real))} of the labels of unseen real samples"
    what += f", and chance would tell {percent(1 / len(classes.names))}"
    evidence = {"accuracy/real": _share(classes.real)}
    if are_informative(classes):
        yield Finding("uninformative-labels", "fine", what, evidence, topic="labels")
        return
    level: Level = (
        "alarm" if classes.features else "unknown"
    )  # of samples as they are, it may be the classifier that fails
    what = f"labels say nothing about the samples: {what}"
    yield Finding("uninformative-labels", level, what, evidence, ("--conditioner none",), "labels", "classes.png")


def obeyed(audit: Audit, classes: ClassAudit) -> Iterator[Finding]:
    """Does the class of a generated sample depend on its label at all?"""
    name, evidence = "ignored-labels", _accuracies(classes)
    what = f"{percent(_share(classes.fake))} of the generated samples show the class of their label"
    what += f", {percent(1 / len(classes.names))} by chance; of real ones {_judge(classes)} sees it in "
    what += percent(_share(classes.real))
    if not are_informative(classes):
        yield Finding(name, "unknown", "labels say nothing about the real samples", topic="labels")
    elif not are_ignored(classes):
        yield Finding(name, "fine", what, evidence, topic="labels")
    elif is_young(audit):
        yield Finding(name, "unknown", too_early(audit, what), evidence, topic="labels")
    else:
        yield Finding(name, "alarm", what, evidence, ADVICE, "labels", "classes.png")


def collapse(audit: Audit, classes: ClassAudit) -> Iterator[Finding]:
    """Does G make few different samples of a class? Labels alone make a set of samples diverse."""
    name, known = "class-collapse", {n: d for n, d in zip(classes.names, classes.diversity, strict=True) if d}
    if not known:
        yield Finding(name, "unknown", "the real samples of each class are all alike", topic="mode-collapse")
        return
    spread = {name: least_spread(d) for name, d in known.items()}
    order = sorted(known, key=spread.__getitem__)
    evidence = {f"spread/{k}": spread[k] for k in order[:SHOWN]}
    median = spread[order[len(order) // 2]]
    narrow = [k for k in order if spread[k] < NARROW or k in _find_repeated(audit, classes)]
    if not narrow:
        what = f"samples of one class differ {percent(median)} as much as its real ones, in the median class"
        yield Finding(name, "fine", what, evidence, topic="mode-collapse")
        return
    told = [f"{k} ({percent(spread[k])}{_count(known[k])})" for k in narrow]
    what = f"within {len(narrow)} of {len(known)} classes samples are alike; they differ, as a share of real ones: "
    what += list_some(told)
    if is_young(audit) and median < DIVERSE and spread[order[0]] > 0:
        yield Finding(name, "unknown", too_early(audit, what), evidence, topic="mode-collapse")
        return
    evidence |= {f"duplicates/{k}": known[k]["duplicates"] for k in narrow[:SHOWN]}
    yield Finding(
        name, "alarm", what, evidence, (QUIET_LABELS, *ADVICE, "--lipschitz r1"), "mode-collapse", "classes.png"
    )


def _count(found: Numbers) -> str:
    """Say how many different samples there are, if some are near duplicates in the features that were compared."""
    return f", about {found['support']:.0f} different samples" if found["pairs"] else ""


def _find_repeated(audit: Audit, classes: ClassAudit) -> set[str]:
    """Return the names of classes whose samples repeat, where enough were compared and they do not copy real ones."""
    if audit.numbers.get("copies", 0.0) > COPIED:
        return set()
    counts = classes.real.sum(dim=1).tolist()
    each = zip(classes.names, classes.diversity, counts, strict=True)
    return {
        name for name, d, count in each if count >= MOST and _repeats(d.get("duplicates", 0.0), d.get("spread", 1.0))
    }


def _repeats(duplicates: float, spread: float) -> bool:
    return duplicates > (REPEATED if spread < DIVERSE else ALL_REPEATED)


def swapped(audit: Audit, classes: ClassAudit) -> Iterator[Finding]:
    """Does G make a class under the label of another?"""
    name, evidence = "swapped-labels", _accuracies(classes)
    if not are_informative(classes) or are_ignored(classes):
        yield Finding(name, "unknown", "labels say nothing about the samples", topic="labels")
    elif found := find_swaps(classes):
        share = classes.fake / classes.fake.sum(dim=1, keepdim=True)
        told = [
            f"{classes.names[i]} makes {classes.names[k]} ({percent(float(share[i, k]))})" for k, i in found.items()
        ]
        what = f"samples show the class of another label: label {list_some(told)}"
        yield _blame(audit, classes, Finding(name, "alarm", what, evidence, ADVICE, "labels", "classes.png"))
    else:
        yield Finding(name, "fine", "no class is made under the label of another", evidence, topic="labels")


def missing(audit: Audit, classes: ClassAudit) -> Iterator[Finding]:
    """Is there a class that no label makes, or that G could not learn?"""
    name, evidence = "missing-classes", _accuracies(classes)
    if classes.absent:
        what = f"no training sample is of class {list_some(classes.absent)}, so that G cannot have learnt it"
        yield Finding(name, "alarm", what, evidence, (), "labels")
        return
    if not are_informative(classes) or are_ignored(classes):
        yield Finding(name, "unknown", "labels say nothing about the samples", topic="labels")
        return
    lost = [k for k in find_wrong(classes) if k not in find_swaps(classes)]
    if not lost:
        what = f"at least {percent(float(classes.accuracy.min()))} of the samples of each label show its class"
        yield Finding(name, "fine", what, evidence, topic="labels")
        return
    what = f"{len(lost)} of {len(classes.names)} classes are missing: samples of label "
    what += list_some(_describe(classes, lost))
    yield _blame(audit, classes, Finding(name, "alarm", what, evidence, ADVICE, "labels", "classes.png"))


RULES: tuple[tuple[str, str, Callable[[Audit, ClassAudit], Iterator[Finding]]], ...] = (
    ("uninformative-labels", "labels", informative),
    ("ignored-labels", "labels", obeyed),
    ("class-collapse", "mode-collapse", collapse),
    ("swapped-labels", "labels", swapped),
    ("missing-classes", "labels", missing),
)
"""Name and topic of each rule's finding; causes before symptoms: one picture per class may show another class."""


def _blame(audit: Audit, classes: ClassAudit, alarm: Finding) -> Finding:
    """Return the alarm; as unknown while the run is young and has not learnt the other classes either."""
    median = float((classes.accuracy / classes.real_accuracy.clamp(min=1e-9)).median())
    if is_young(audit) and median < LEARNT:
        return replace(alarm, level="unknown", what=too_early(audit, alarm.what), advice=(), figure="")
    return alarm


def _describe(classes: ClassAudit, labels: Sequence[int]) -> list[str]:
    """Return for each label how often it is obeyed, and what its samples show instead."""
    share = classes.fake / classes.fake.sum(dim=1, keepdim=True)
    told = []
    for k in labels:
        others = share[k].clone()
        others[k] = 0
        instead = f"{classes.names[int(others.argmax())]} in {percent(float(others.max()))}"
        told.append(f"{classes.names[k]} show it in {percent(float(share[k, k]))}, {instead}")
    return told


def _accuracies(classes: ClassAudit) -> dict[str, float | None]:
    """Return the accuracy of real samples, and those of the classes that generated samples show least often."""
    order = classes.accuracy.argsort(stable=True)[:SHOWN].tolist()
    shares: dict[str, float | None] = {"accuracy/real": _share(classes.real)}
    return shares | {f"accuracy/{classes.names[k]}": float(classes.accuracy[k]) for k in order}


def _judge(classes: ClassAudit) -> str:
    return f"a linear classifier of {classes.features or 'the samples themselves'}"


def _share(counts: Tensor) -> float:
    return float(counts.trace() / counts.sum())
