"""What a GAN is at one moment, in numbers: slopes, norms, gradients, diversity, opinions, motion."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ganzoo.audit.batches import Batch as Batch
from ganzoo.audit.batches import draw_batch as draw_batch
from ganzoo.audit.diversity import Numbers, count_classes, measure_diversity
from ganzoo.audit.layers import ITERATIONS, gradient_norms, spectral_norms
from ganzoo.audit.logits import measure_opinion, measure_pull
from ganzoo.audit.slopes import Slopes, lipschitz_bound, near_limit, slopes, weights_of
from ganzoo.audit.updates import dead_units, measure_motion, measure_saturation
from ganzoo.builtin.lipschitz import GradientPenalty, WeightClipping
from ganzoo.contracts import MODE_RADIUS, Extractor, Features, LipschitzEnforcer, overrides
from ganzoo.data.transport import wasserstein1
from ganzoo.errors import PluginError
from ganzoo.training.gan import GAN, Combined
from ganzoo.training.randomness import reseeded
from ganzoo.training.ranks import SINGLE
from ganzoo.training.sampling import as_stored, draw_latents, generate

SLOPES = 256
"""Samples at most at which slopes are taken."""
BATCH = 64
"""Samples at a time where gradients are taken, which bounds the memory."""


@dataclass(frozen=True, eq=False)
class Audit:
    """All that was measured of one GAN at one step."""

    step: int
    numbers: Numbers
    facts: frozenset[str] = frozenset()
    """Of "penalised", "clipped", "unit slope" (the enforcer pulls it to 1), "mixes" (logits depend on the batch),
    "free level" (the loss does not say where real ends)."""
    layers: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Of D, {"spectral norm" or "gradient": {layer: value}}, in the order in which the layers were built."""
    values: Mapping[str, list[float]] = field(default_factory=dict)
    """What histograms are of: {"slope/real", "logit/fake" and so on: one number per sample; "weight": some of D's}."""
    samples: tuple[Tensor, ...] = ()
    """Real and generated ones, (N, *shape) each, on the CPU; the latter of G_ema."""


def audit(
    gan: GAN, batch: Batch, step: int, extractor: Extractor | None = None, *, iterations: int = ITERATIONS
) -> Audit:
    """Measure copies of the networks; they and the random state stay as they are.

    With an extractor, diversity is measured among its features, and the classes are counted that it sees; without,
    among the samples themselves. `iterations` are those of the power method. Numbers are nan or infinite where a
    network gives that.
    """
    with reseeded(0, gan.device.torch_device):
        subject = _copy(gan)
        with torch.no_grad():
            x_fake = subject.G(subject.sample_z(batch.y), batch.y).float()  # as D meets them
        found = _find_slopes(subject, batch, x_fake)
        opinion, values = _ask(subject, batch, x_fake)
        layers = {
            "spectral norm": spectral_norms(subject.D, batch.x[:2], batch.y[:2], iterations=iterations),
            "gradient": gradient_norms(subject, batch.x[:BATCH], x_fake[:BATCH], batch.y[:BATCH]),
        }
        numbers = _describe_slopes(found) | opinion | _bound(subject, layers)
        x_ema = generate(subject.G_ema.module, draw_latents(len(batch.y), gan.z_dim, 0), batch.y.cpu())
        numbers |= _diversity(batch.x, x_ema.to(batch.x), extractor) | measure_saturation(real=batch.x, fake=x_fake)
        numbers["dead units"] = max(
            dead_units(subject.D, batch.x, batch.y), dead_units(subject.G, subject.sample_z(batch.y), batch.y)
        )
        numbers |= {f"lr/{name}": _rate(optimizer) for name, optimizer in (("d", gan.opt_d), ("g", gan.opt_g))}
        numbers |= measure_motion(subject, batch.x[:BATCH], batch.y[:BATCH])  # last: it changes the copies
    values |= {"weight": _some(weights_of(gan.D))}
    values |= {f"slope/{where}": _rounded(slope) for where, slope in found._asdict().items()}
    return Audit(step, numbers, find_facts(gan), layers, values, (batch.x.cpu(), x_ema))


def _copy(gan: GAN) -> GAN:
    """Return networks and optimisers of their own, at the rates that the run began with: a schedule ends near 0.

    Raises PluginError for networks that cannot be copied.
    """
    try:
        subject = copy.deepcopy(replace(gan, ranks=SINGLE))
    except RuntimeError as error:
        if isinstance(error, torch.OutOfMemoryError):
            raise
        hint = "torch.nn.utils.parametrizations, whose layers can be copied"
        raise PluginError(f"the networks cannot be copied: {str(error).splitlines()[0]}", hint=hint) from error
    for optimizer in (subject.opt_d, subject.opt_g):
        for group in optimizer.param_groups:
            rate = group["lr"]
            group["lr"] = (
                torch.full_like(rate, group["initial_lr"]) if isinstance(rate, Tensor) else group["initial_lr"]
            )
    return subject


def _find_slopes(gan: GAN, batch: Batch, x_fake: Tensor) -> Slopes:
    parts = []
    for start in range(0, min(SLOPES, len(x_fake)), BATCH):
        some = slice(start, start + BATCH)
        critic = partial(_judge, gan.D, batch.y[some])
        parts.append(slopes(critic, real=batch.x[some], fake=x_fake[some]))
    return Slopes(*(torch.cat(part) for part in zip(*parts, strict=True)))


def _judge(network: nn.Module, y: Tensor, x: Tensor) -> Tensor:
    logits: Tensor = network(x, y).logits
    return logits


def _describe_slopes(found: Slopes) -> Numbers:
    means = {f"slope/{where}": float(slope.mean()) for where, slope in found._asdict().items()}
    return means | {
        "slope/largest": float(torch.cat(found).max()),
        "slope/deviation": float(found.between.std(correction=0)),
    }


def _bound(gan: GAN, layers: Mapping[str, Mapping[str, float]]) -> Numbers:
    parts = parts_of(gan.lipschitz)
    norms = [norm for name, norm in layers["spectral norm"].items() if name in layers["gradient"]]
    numbers = {"norms/product": lipschitz_bound(norms)}
    limits = [part.limit for part in parts if isinstance(part, WeightClipping)]
    return numbers | ({"near limit": near_limit(weights_of(gan.D), min(limits))} if limits else {})


def parts_of(lipschitz: LipschitzEnforcer) -> tuple[LipschitzEnforcer, ...]:
    """Return the enforcers that a sum is made of; one that is no sum is its only part."""
    return lipschitz.parts if isinstance(lipschitz, Combined) else (lipschitz,)


def find_facts(gan: GAN) -> frozenset[str]:
    """Return what is so by construction; see `Audit.facts`."""
    parts = parts_of(gan.lipschitz)
    facts = {
        "penalised": any(overrides(part, "penalty", LipschitzEnforcer) for part in parts),
        "clipped": any(isinstance(part, WeightClipping) for part in parts),
        "unit slope": any(type(part) is GradientPenalty for part in parts),
        "mixes": not gan.per_sample,
        "free level": gan.loss.unbounded or gan.loss.relativistic,
    }
    return frozenset(name for name, so in facts.items() if so)


def _ask(gan: GAN, batch: Batch, x_fake: Tensor) -> tuple[Numbers, dict[str, list[float]]]:
    """Logits as D gives them in training, each kind of sample in a batch of its own."""
    with torch.no_grad():
        logits = {"train": gan.D(batch.x, batch.y).logits, "fake": gan.D(x_fake, batch.y).logits}
        if batch.held_out is not None:
            logits["held-out"] = gan.D(*batch.held_out).logits
    numbers = measure_opinion(train=logits["train"], fake=logits["fake"], held_out=logits.get("held-out"))
    numbers |= measure_pull(gan.loss, real=logits["train"], fake=logits["fake"])
    return numbers, {f"logit/{of}": _rounded(values) for of, values in logits.items()}


def _diversity(x_real: Tensor, x_fake: Tensor, extractor: Extractor | None) -> Numbers:
    """Of what is sampled and scored: G_ema in eval mode. Nothing where that is not finite."""
    if not bool(x_fake.isfinite().all()):
        return {}
    numbers = {"w1": wasserstein1(x_real.flatten(1), x_fake.flatten(1))}
    if extractor is None:
        return numbers | measure_diversity(real=x_real.flatten(1), fake=x_fake.flatten(1))
    real, fake = (_extract(as_stored(x), extractor) for x in (x_real, x_fake))
    numbers |= measure_diversity(real=real.rows, fake=fake.rows)
    if real.logits is not None and fake.logits is not None:
        # a sample between two modes is in neither
        near = slice(None) if fake.deviations is None else fake.deviations <= MODE_RADIUS
        numbers |= count_classes(real=real.logits, fake=fake.logits[near])
    return numbers


def _extract(x: Tensor, extractor: Extractor) -> Features:
    """Samples (N, *shape) -> their features, BATCH at a time."""
    rows, *others = zip(*(extractor.extract(part) for part in torch.split(x, BATCH)), strict=True)
    return Features(torch.cat(rows), *(None if each[0] is None else torch.cat(each) for each in others))


def _some(weights: list[Tensor], count: int = 10_000) -> list[float]:
    """Every k-th of all numbers."""
    flat = torch.cat([weight.detach().flatten() for weight in weights])
    return _rounded(flat[:: max(1, len(flat) // count)])


def _rate(optimizer: Optimizer) -> float:
    return float(optimizer.param_groups[0]["lr"])


def _rounded(values: Tensor) -> list[float]:
    return [float(f"{value:.6g}") for value in values.tolist()]
