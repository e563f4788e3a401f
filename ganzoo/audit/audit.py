"""A GAN at one moment in numbers: slopes, logits, norms, gradients, diversity and updates."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor
from torch.optim import Optimizer

from ganzoo.audit.batches import CHUNK
from ganzoo.audit.batches import Batch as Batch
from ganzoo.audit.batches import draw_batch as draw_batch
from ganzoo.audit.classes import ClassAudit
from ganzoo.audit.diversity import Numbers, compare_samples
from ganzoo.audit.layers import ITERATIONS, gradient_norms, spectral_norms
from ganzoo.audit.logits import measure_logits, measure_loss_gradients, read_logits
from ganzoo.audit.slopes import Slopes, describe_bounds, describe_slopes, measure_slopes
from ganzoo.audit.traits import Traits, read_traits
from ganzoo.audit.updates import dead_units, learning_rates, measure_saturation, measure_updates
from ganzoo.contracts import Extractor
from ganzoo.errors import PluginError
from ganzoo.training.gan import GAN
from ganzoo.training.latents import draw_latents
from ganzoo.training.randomness import reseeded
from ganzoo.training.ranks import SINGLE
from ganzoo.training.sampling import generate

WEIGHTS = 10_000
"""Weights of D that a histogram shows, about: every k-th of all."""


@dataclass(frozen=True, eq=False)
class Audit:
    """Measurements of one GAN at one step."""

    step: int
    numbers: Numbers
    traits: Traits = field(default_factory=Traits)
    layers: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Norms of D by layer, {"spectral norm" or "gradient": {layer: value}}, in the order of the layers."""
    values: Mapping[str, list[float]] = field(default_factory=dict)
    """Values for histograms: {"slope/real", "logit/fake" and so on: one number per sample; "weight": some of D's}."""
    samples: tuple[Tensor, ...] = ()
    """Real and generated samples, (N, *shape) each, on the CPU; the generated ones are of G_ema."""
    classes: ClassAudit | None = None
    """Numbers of a conditional generator by class; None if there are none."""


def audit(
    gan: GAN, batch: Batch, step: int, extractor: Extractor | None = None, *, iterations: int = ITERATIONS
) -> Audit:
    """Measure copies of the networks; they and the random state stay as they are.

    With an extractor, diversity is measured among its features, and the classes that it sees are counted; without,
    diversity is measured among the samples themselves. `iterations` are those of the power method. Numbers are nan or
    infinite where a network gives that. Raises PluginError for networks that cannot be copied.
    """
    x, y, traits = batch.x, batch.y, read_traits(gan)
    with reseeded(0, gan.device.torch_device):
        subject = _copy(gan)
        with torch.no_grad():
            x_fake = subject.G(subject.sample_z(y), y).float()  # of G in training, as D meets them
        slopes = measure_slopes(subject.D, real=x, fake=x_fake, y=y)
        logits = read_logits(subject.D, batch, x_fake)
        layers = {
            "spectral norm": spectral_norms(subject.D, x[:2], y[:2], iterations=iterations),
            "gradient": gradient_norms(subject, x[:CHUNK], x_fake[:CHUNK], y[:CHUNK]),
        }
        x_ema = generate(subject.G_ema.module, draw_latents(len(y), gan.z_dim, 0), y.cpu())  # as they are scored
        numbers = describe_slopes(slopes) | measure_logits(**logits)
        numbers |= measure_loss_gradients(subject.loss, real=logits["train"], fake=logits["fake"])
        numbers |= describe_bounds(subject.D.parameters(), layers, traits.weight_limit)
        numbers |= compare_samples(x, x_ema.to(x), gan.data, extractor) | measure_saturation(real=x, fake=x_fake)
        numbers |= {"dead units": max(dead_units(subject.D, x, y), dead_units(subject.G, subject.sample_z(y), y))}
        numbers |= learning_rates(gan)
        numbers |= measure_updates(subject, x[:CHUNK], y[:CHUNK])  # last: it changes the copies
    return Audit(step, numbers, traits, layers, _list_values(gan, slopes, logits), (x.cpu(), x_ema))


def _copy(gan: GAN) -> GAN:
    """Return a GAN with networks and optimisers of its own, which trains alone at the rates of the first step.

    The rates of the present step tell nothing at the end of a schedule, where they are near 0. Raises PluginError for
    networks that cannot be copied.
    """
    try:
        subject = copy.deepcopy(replace(gan, ranks=SINGLE))
    except RuntimeError as error:
        if isinstance(error, torch.OutOfMemoryError):
            raise
        hint = "torch.nn.utils.parametrizations, whose layers can be copied"
        raise PluginError(f"the networks cannot be copied: {str(error).splitlines()[0]}", hint=hint) from error
    _reset_rates(subject.opt_d)
    _reset_rates(subject.opt_g)
    return subject


def _reset_rates(optimizer: Optimizer) -> None:
    for group in optimizer.param_groups:
        rate, initial = group["lr"], group["initial_lr"]
        group["lr"] = torch.full_like(rate, initial) if isinstance(rate, Tensor) else initial


def _list_values(gan: GAN, slopes: Slopes, logits: Mapping[str, Tensor]) -> dict[str, list[float]]:
    """Return what histograms show, see `Audit.values`."""
    weights = torch.cat([weight.detach().flatten() for weight in gan.D.parameters()])
    values = {f"logit/{of.replace('_', '-')}": logit for of, logit in logits.items()}
    values |= {f"slope/{where}": slope for where, slope in slopes._asdict().items()}
    values |= {"weight": weights[:: max(1, len(weights) // WEIGHTS)]}
    return {name: [float(f"{value:.6g}") for value in each.tolist()] for name, each in values.items()}
