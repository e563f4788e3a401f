"""Rules that turn the numbers of one audit into findings: each a function and a threshold, with its source.

Causes come before the symptoms that they have in common: a frozen critic also makes a generator collapse. Thresholds
marked (measured) lie between the planted failures and the healthy runs that the tests of diagnosis train.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

from ganzoo.audit.audit import Audit
from ganzoo.audit.class_rules import apply_class_rules
from ganzoo.audit.diversity_rules import collapse, constant_data, memorisation
from ganzoo.audit.findings import Finding, Level, percent

STILL = 1e-7
"""Relative length of an update below which float32 weights do not change: half of its precision."""
RASH = 0.1
"""Relative length of an update above which weights are overwritten rather than learnt (measured)."""
HASTY = 0.4
"""Share of a layer's initial size that an update of Adam replaces, above which D of an mlp dies (measured)."""
HASTY_NORMED = 5.0
"""The same with norm or spectral norm, where the direction of most weights is all: arXiv:1706.05350 (measured)."""
FADING = 1e-3
"""Gradient at the first layer over that at the last, below which the first one learns next to nothing (measured)."""
FLAT = 1e-4
"""Slope of a clipped critic below which its logits are nearly constant over the data (measured)."""
BLOWN_UP = 1e4
"""Gradient at the first layer over that at the last (measured)."""
HUGE = 1e3
"""Size of a logit at which float16 has steps of 0.5, and every bounded loss is flat."""
FEWEST = 50
"""Fewest held-out samples to compare with: above fewer, chance puts three of four training samples too often."""
TOLERANCE = 0.15
"""Largest deviation of the mean slope from the slope that a penalty pulls to, as a share of it, without a remark."""


def apply_rules(audit: Audit) -> list[Finding]:
    """Return one finding per name, in the order of RULES. Only alarms and remarks have advice.

    Without a gradient, what G makes is a symptom: those rules come last.
    """
    rules = RULES if audit.numbers["gradient/g"] else sorted(RULES, key=lambda rule: rule in SYMPTOMS)
    return [_settle(finding) for rule in rules for finding in rule(audit)]


def _settle(finding: Finding) -> Finding:
    """Return the finding without advice unless it is an alarm or a remark; as unknown if its numbers are not finite."""
    if finding.level in ("alarm", "remark"):
        return finding
    broken = [name for name, value in finding.evidence.items() if value is not None and not math.isfinite(value)]
    if broken:
        return replace(finding, level="unknown", what=f"{', '.join(broken)}: not finite", advice=())
    return replace(finding, advice=())


def frozen(audit: Audit) -> Iterator[Finding]:
    """Do the weights of each player change at all? A generator without a gradient is that of `no_gradient`."""
    yield _judge_update(audit, "discriminator", "d")
    if audit.numbers["gradient/g"]:
        yield _judge_update(audit, "generator", "g")


def no_gradient(audit: Audit) -> Iterator[Finding]:
    """Is G's gradient exactly 0? What makes it so comes first: D, its loss, or units and samples at their ends."""
    if audit.numbers["gradient/g"]:
        return
    finding = _judge_update(audit, "generator", "g")
    slope = audit.numbers["slope/fake"]
    what = f"G's gradient is exactly 0: D's slope at generated samples is {slope:.2g}"
    what += f", and G's loss changes by {audit.numbers['pull/g']:.2g} per unit of logit"
    evidence = {**finding.evidence, **_pick(audit, "slope/fake", "pull/g")}
    advice = ("--loss bce", "--loss wgan --lipschitz gp", "--lipschitz gp")
    yield replace(finding, level="alarm", what=what, evidence=evidence, advice=advice, topic="saturation")


def _judge_update(audit: Audit, whose: str, player: str) -> Finding:
    evidence = _pick(audit, f"update/{player}", f"gradient/{player}", f"still/{player}")
    update = audit.numbers[f"update/{player}"]
    level: Level = "alarm" if update < STILL else "fine"
    what = f"an update moves the {whose}'s weights by {percent(update)} of their length"
    rate = 2e-4
    if not evidence[f"gradient/{player}"]:
        what += ": its gradient is 0"
        rate = 1e-5
    advice = (f"--set optim.lr_{player}={rate}", "--loss wgan --lipschitz gp")
    return Finding(f"frozen-{whose}", level, what, evidence, advice, "two-time-scales", "layers.png")


def batch_norm(audit: Audit) -> Iterator[Finding]:
    """Does a penalty differentiate logits that depend on the whole batch? arXiv:1704.00028, Section 4."""
    name = "batch-norm-in-penalised-critic"
    if not audit.traits.penalised:
        yield Finding(name, "fine", "no penalty looks at single samples", topic="batch-norm")
    elif audit.traits.mixes_samples:
        what = "the critic is penalised per sample, but its logits move with the other samples of the batch"
        yield Finding(name, "alarm", what, {}, ("--set model.norm_d=none", "--set model.norm_d=layer"), "batch-norm")
    else:
        yield Finding(name, "fine", "each logit depends on one sample alone", topic="batch-norm")


def learning_rate(audit: Audit) -> Iterator[Finding]:
    """Do updates overwrite the weights?"""
    evidence = _pick(audit, "rate/d", "rate/g", "update/d", "update/g", "lr/d", "lr/g")
    clipped = audit.traits.weight_limit is not None
    players = "g" if clipped else "dg"  # clipping keeps D's weights short, so that its steps look long
    rash = max(audit.numbers[f"update/{player}"] for player in players)
    lengths = [percent(evidence[f"update/{player}"]) for player in "dg"]
    what = f"one update moves D by {lengths[0]} and G by {lengths[1]} of the length of its weights"
    limits = {player: HASTY_NORMED if player in audit.traits.normed else HASTY for player in "dg"}
    hasty = [rate for player in "dg" if (rate := audit.numbers.get(f"rate/{player}", 0.0)) > limits[player]]
    if hasty:
        what = f"the first update replaced {percent(max(hasty))} of the size of a layer's weights; now {what}"
    level: Level = "alarm" if hasty or rash > RASH or not math.isfinite(rash) else "fine"
    lower = " ".join(f"--set optim.lr_{player}={audit.numbers[f'lr/{player}'] / 100:.0e}" for player in "dg")
    advice = (lower, "--set optim.lr_decay=linear") if level == "alarm" else ()
    yield Finding("learning-rate-too-high", level, what, evidence, advice, "two-time-scales", "curves.png")


def gradients(audit: Audit) -> Iterator[Finding]:
    """Does the gradient reach the first layer as strong as it left the last? arXiv:1704.00028, Figure 1(b)."""
    norms = list(audit.layers.get("gradient", {}).values())
    if len(norms) < 2 or not norms[-1]:
        what = "D's loss has no gradient now" if len(norms) > 1 else "D has fewer than two linear layers"
        for name in ("vanishing-gradients", "exploding-gradients"):
            yield Finding(name, "unknown", what, topic="clip")
        return
    ratio, slope = norms[0] / norms[-1], audit.numbers["slope/between"]
    evidence = {"first over last layer": ratio, "slope between real and fake": slope}
    clipped = audit.traits.weight_limit is not None
    fades = ratio < FADING or (clipped and slope < FLAT)
    what = f"a gradient is {ratio:.2g} times as large at D's first layer as at its last; D's slope is {slope:.2g}"
    advice = ("--lipschitz gp", "--set lipschitz.limit=0.01") if clipped else ("--lipschitz sn", "--lipschitz gp")
    yield Finding("vanishing-gradients", "alarm" if fades else "fine", what, evidence, advice, "clip", "layers.png")
    explodes: Level = "alarm" if ratio > BLOWN_UP or not math.isfinite(ratio) else "fine"
    yield Finding("exploding-gradients", explodes, what, evidence, advice[:1], "clip", "layers.png")


def logits(audit: Audit) -> Iterator[Finding]:
    """Are logits so large that losses are flat and float16 is coarse?"""
    free = audit.traits.free_level  # then only distances mean anything
    size = audit.numbers["logit/reach" if free else "logit/size"]
    level: Level = "fine" if size < HUGE else "alarm"
    what = f"the largest logit is {size:.3g}"
    if free:
        what += " away from their mean"
    advice = ("--lipschitz gp", "--set optim.lr_d=1e-4", "--set train.clip_grad_norm=1")
    yield Finding(
        "exploding-logits", level, what, _pick(audit, "logit/size", "logit/reach"), advice, "lipschitz", "logits.png"
    )


def loss_saturation(audit: Audit) -> Iterator[Finding]:
    """Is either loss flat where the logits are? arXiv:1406.2661, Section 3, end; arXiv:1701.04862, Theorem 2.4."""
    advice_g = ("--loss bce", "--loss hinge", "--loss wgan --lipschitz gp")
    players: tuple[tuple[str, str, Level, tuple[str, ...]], ...] = (
        ("discriminator", "d", "remark", ("--lipschitz gp",)),  # at a hinge loss of 0 D stands still, which may pass
        ("generator", "g", "alarm", advice_g),
    )
    for whose, player, flat, advice in players:
        gradient = audit.numbers[f"pull/{player}"]
        what = f"the {whose}'s loss changes by {gradient:.2g} per unit of logit"
        level = flat if gradient < 1e-3 else "fine"
        yield Finding(f"saturated-{whose}-loss", level, what, {"pull": gradient}, advice, "saturation", "logits.png")


def samples(audit: Audit) -> Iterator[Finding]:
    """Does G press its output against the ends of tanh?"""
    fake, real = audit.numbers["at the ends/fake"], audit.numbers["at the ends/real"]
    level: Level = "alarm" if fake > real + 0.5 else "fine"
    what = f"{percent(fake)} of the generated numbers lie at -1 or 1, of the real ones {percent(real)}"
    evidence = {"generated": fake, "real": real}
    yield Finding("saturated-samples", level, what, evidence, ("--set optim.lr_g=1e-4",), "saturation")


def dead(audit: Audit) -> Iterator[Finding]:
    """Are rectified units off for the whole batch?"""
    share = audit.numbers["dead units"]
    what = f"{percent(share)} of the rectified units of one network are off for every sample"
    level: Level = "alarm" if share > 0.5 else "fine"
    advice = ("--set optim.lr_d=1e-4 --set optim.lr_g=1e-4",)
    yield Finding("dead-units", level, what, {"share": share}, advice, "saturation")


def overfitting(audit: Audit) -> Iterator[Finding]:
    """Does D tell training samples from real ones that it has not seen? arXiv:2006.06676, Eq. 1."""
    name, advice = "critic-overfitting", ("--augment diffaug", "--augment ada")
    if (count := audit.numbers.get("held-out/count", 0)) < FEWEST:
        what = f"{count:.0f} held-out reals to compare with, and {FEWEST} are needed: --held-out DATASET"
        yield Finding(name, "unknown", what, _pick(audit, "sign"), topic="ada")
        return
    evidence = _pick(audit, "held-out", "overfitting", "sign", "held-out/count")
    seen = audit.numbers["held-out"]
    what = f"D puts a training sample above a held-out one {percent(seen)} of the time; 50 % if it knows none by heart"
    yield Finding(name, "alarm" if seen > 0.75 else "fine", what, evidence, advice, "ada", "logits.png")


def slope(audit: Audit) -> Iterator[Finding]:
    """Is the slope of D the one that the enforcer pulls to, and are few weights at the limit of clipping?"""
    n, target = audit.numbers, audit.traits.target_slopes.get("between", 0.0)
    keys = ("slope/real", "slope/fake", "slope/between", "slope/largest", "norms/product", "near limit")
    evidence = _pick(audit, *keys)
    mean = n["slope/between"]
    what = f"D's slope is {mean:.3g} on average between real and fake, {n['slope/largest']:.3g} at most"
    if targets := audit.traits.describe_targets():
        what += f"; {targets}"
    off = target > 0 and abs(mean - target) > TOLERANCE * target  # a loss keeps a slope that is pulled to 0 above it
    level: Level = "remark" if off else "fine"
    advice = ("--set optim.n_critic=5", "--set lipschitz.weight=10") if level == "remark" else ()
    yield Finding("lipschitz", level, what, evidence, advice, "lipschitz", "slopes.png")
    if "near limit" in n:
        share = n["near limit"]
        what = f"{percent(share)} of D's weights lie at the clip value: the critic is simpler than it could be"
        level = "remark" if share > 0.2 else "fine"
        yield Finding("unused-capacity", level, what, {"near limit": share}, ("--lipschitz gp",), "clip", "weights.png")


RULES: tuple[Callable[[Audit], Iterator[Finding]], ...] = (
    constant_data,
    batch_norm,
    learning_rate,
    frozen,
    gradients,
    logits,
    loss_saturation,
    overfitting,
    collapse,
    memorisation,
    apply_class_rules,
    samples,
    dead,
    no_gradient,
    slope,
)
SYMPTOMS = (overfitting, collapse, memorisation, apply_class_rules)
"""Rules on what G makes, and on what D makes of it."""


def _pick(audit: Audit, *names: str) -> dict[str, float | None]:
    return {name: audit.numbers[name] for name in names if name in audit.numbers}
