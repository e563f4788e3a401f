"""Refuse components, networks and checkpoints that do not fit a run; advise against those that train badly."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.contracts import (
    Augmentation,
    Conditioner,
    DataSpec,
    LipschitzEnforcer,
    Samples,
    UpdateRule,
    Verdict,
    overrides,
)
from ganzoo.errors import CheckpointError, ConfigError, DataError, PluginError
from ganzoo.settings.sections import OBSERVING, OptimConfig, RunConfig
from ganzoo.settings.toml import flatten, from_tables, to_tables, unflatten
from ganzoo.training.clock import list_idle_clocks
from ganzoo.training.device import has_bf16
from ganzoo.training.gan import GAN
from ganzoo.training.labels import refuse_balanced
from ganzoo.training.randomness import forked
from ganzoo.training.schedule import is_constant
from ganzoo.training.steps import discriminator_loss, generator_loss


def check_labels(run: RunConfig, conditioner: Conditioner, data: DataSpec) -> None:
    """Raise DataError if the conditioner cannot read the labels: it needs some, or others than the dataset has."""
    who, dataset = f"conditioner {run.conditioner.name!r}", f"dataset {run.dataset.name!r}"
    if conditioner.takes == "vectors" and not data.label_shape:
        what = f"{who} takes label vectors, float32 (M, A); labels of {dataset} are classes"
        raise DataError(what, hint="--conditioner none, or --conditioner cgan")
    if conditioner.takes == "classes" and data.label_shape:
        what = f"{who} takes classes; labels of {dataset} are vectors of shape {data.label_shape}"
        raise DataError(what, hint="--conditioner none, or a plugin's that takes vectors (ganzoo list conditioner)")
    if data.label_shape:
        refuse_balanced(run.eval.labels, data.label_shape)
        return
    if conditioner.needs_labels and data.num_classes < 2:
        raise DataError(
            f"{who} needs at least 2 classes; {dataset} has 1",
            hint="--conditioner none, or images sorted into one folder per class, or labels.csv beside them",
        )


def readable_labels(samples: Samples, conditioner: Conditioner) -> Samples:
    """Return the samples, without label vectors if the conditioner reads no labels."""
    ignores = conditioner.takes == "classes" and not conditioner.needs_labels
    return samples.without_labels() if samples.has_vectors and ignores else samples


def check_enforcers(parts: Sequence[LipschitzEnforcer]) -> None:
    """Raise ConfigError if one enforcer re-parametrises the weights of D and another projects them."""
    constrains, projects = (
        any(overrides(part, moment, LipschitzEnforcer) for part in parts) for moment in ("constrain", "project")
    )
    if constrains and projects:
        what = (
            "an enforcer that re-parametrises the weights of D (sn) and one that moves them back (clip) do not combine"
        )
        raise ConfigError(what, hint="--lipschitz sn, or --lipschitz clip")


def check_networks(gan: GAN, run: RunConfig, data: DataSpec) -> bool:
    """Try copies of the networks on four samples, and return whether D mixes samples: a logit depends on others too.

    Random state and weights stay as they were. Raises PluginError for wrong shapes, for values that are not finite
    and for an augmentation that mixes samples; ConfigError if D mixes samples under a per-sample enforcer.
    """
    device = gan.device.torch_device
    with forked(device):
        G, D, transform = (copy.deepcopy(network) for network in (gan.G, gan.D, gan.transform))
        z, y = torch.randn(4, gan.z_dim, device=device), data.zero_labels(4, device)
        x = G(z, y)
        _expect(x, (4, *data.shape), f"generator of model {run.model.name!r}", "samples")
        x = x.detach().requires_grad_(True)
        changed = transform(x)
        _expect(changed, (4, *data.shape), f"augment {run.augment.name!r}", "samples")
        if _mixes_samples(changed, x):
            what = f"augment {run.augment.name!r} breaks its contract: its result for one sample depends on others"
            raise PluginError(what, hint="--augment none")
        verdict: Verdict = D(x, y)
        each = getattr(verdict.logits, "shape", ())[1:]  # of patches, scales or heads
        for count, logits in ((4, verdict.logits), (2, D(x[:2], y[:2]).logits)):
            _expect(logits, (count, *each), f"discriminator of model {run.model.name!r}", "logits")
        mixes = any(_mixes_samples(part, x) for part in (verdict.logits, verdict.class_logits, verdict.embedding))
    if mixes and gan.lipschitz.per_sample:
        raise ConfigError(
            f"lipschitz {run.lipschitz.name!r} needs logits that depend on one sample each, but a logit of "
            f"the discriminator of {run.model.name!r} depends on the other samples of its batch",
            hint="a model without batch statistics in D, or --lipschitz clip",
        )
    return mixes


def check_regularizers(gan: GAN, run: RunConfig, data: DataSpec) -> None:
    """Try each regularizer on copies of the networks and four samples. Raises PluginError for a term that is no scalar.

    Random state, weights and buffers stay as they were.
    """
    if run.regularizer.name == "none":
        return
    device, copied = gan.device.torch_device, ("G", "D", "transform", "regularizers")
    with forked(device):
        trial = replace(gan, **{name: copy.deepcopy(getattr(gan, name)) for name in copied})
        x, y = torch.rand(4, *data.shape, device=device) * 2 - 1, data.zero_labels(4, device)
        z = torch.randn(4, gan.z_dim, device=device)
        terms = discriminator_loss(trial, x, y, z)[2] | generator_loss(trial, x, y, z)[1]
    for player in terms.keys() & {"d/regularizer", "g/regularizer"}:
        _expect(terms[player], (), f"regularizer {run.regularizer.name!r}", f"a term of {player[0].upper()}'s loss")


def require_module(network: Any, name: str, maker: object) -> nn.Module:
    """Return a network that a component made. Raises PluginError if it is none."""
    if not isinstance(network, nn.Module):
        what = f"{name} of {type(maker).__name__}: expected a torch.nn.Module, got {type(network).__name__}"
        raise PluginError(what)
    return network


def _expect(value: Any, shape: tuple[int, ...], who: str, what: str) -> None:
    if not isinstance(value, Tensor):
        raise PluginError(f"{who}: expected {what} of shape {shape}, got {type(value).__name__}")
    if tuple(value.shape) != shape:
        raise PluginError(f"{who}: expected {what} of shape {shape}, got {tuple(value.shape)}")
    if not torch.isfinite(value).all():
        raise PluginError(f"{who}: {what} are not finite before the first step")


def _mixes_samples(output: Tensor | None, x: Tensor) -> bool:
    """Return whether row 0 has a gradient on samples 1, 2 or 3, which would falsify a per-sample penalty."""
    if output is None or not output.requires_grad:
        return False
    (gradient,) = torch.autograd.grad(output[0].sum(), x, retain_graph=True, allow_unused=True)
    return gradient is not None and bool((gradient[1:] != 0).any())


FREE = (
    *("dataset.", "features.", "eval.", "metric.", "train.steps", "train.device", "train.precision"),
    *("train.log_every", "train.sample_every", "train.save_every", "train.keep_last", "train.diagnose_every"),
    *("train.on_nan", *OBSERVING),
)
"""Settings that may change within a run: its length, its device and what it writes. Data are compared by content."""


def check_settings(saved: Mapping[str, Any], run: RunConfig, free: tuple[str, ...] = FREE) -> None:
    """Raise CheckpointError, naming them, if settings differ from those of a checkpoint that must be the same.

    `free` has the beginnings of those that may differ.
    """
    then = flatten(to_tables(from_tables(unflatten(saved))))  # with the defaults of options that are newer than it
    keys = [key for key in name_differences(then, flatten(to_tables(run))) if not key.startswith(free)]
    if keys:
        now = flatten(to_tables(run))
        changes = ", ".join(f"{key} {then.get(key)} -> {now.get(key)}" for key in keys)
        raise CheckpointError(f"the settings differ from the run's: {changes}", hint="the former values in recipe.toml")


def name_differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return the keys of two flat tables whose values differ."""
    return [key for key in {**then, **now} if then.get(key) != now.get(key)]


def advise(run: RunConfig, gan: GAN) -> Iterator[str]:
    """Yield advice against choices that are allowed but train badly."""
    if gan.loss.unbounded and run.lipschitz.name == "none":
        yield (
            f"{run.loss.name} without a Lipschitz enforcer: D can lower its loss without end, "
            "so expect divergence (try --lipschitz gp)"
        )
    if overrides(gan.augmentation, "adapt", Augmentation) and (gan.loss.unbounded or gan.loss.relativistic):
        yield (
            f"augment {run.augment.name!r} follows the sign of the logits of reals, which {run.loss.name} leaves "
            "free: its strength will be arbitrary (try --augment diffaug)"
        )
    if gan.accumulate > 1 and not (gan.per_sample and not _has_batch_norm(gan.G)):
        yield (
            f"optim.accumulate: batch statistics are those of a part of {run.optim.batch_size // gan.accumulate} "
            "samples, so that steps differ from those of a whole batch (models without batch norm have none)"
        )
    if reason := _unused_setting(run.optim, gan):
        yield reason
    if idle := list_idle_clocks(gan.modules):
        yield f"{idle[0]}.progress is no clock, which is a floating buffer without dimensions: torch.zeros(())"
    if gan.device.precision == "bf16" and gan.device.torch_device.type == "cpu" and not has_bf16():
        yield "this processor has no bf16 arithmetic: expect a step to take a hundred times as long (--precision auto)"


ENDS = ("decay_over", "lr_end", "beta2_end", "penalty_end")
"""Settings of [optim] that a constant schedule does not use."""
READ = ("beta1", "beta2", "beta2_end", "weight_decay")
"""Settings of [optim] that an update rule may read."""


def _has_batch_norm(network: nn.Module) -> bool:
    return any(isinstance(layer, nn.modules.batchnorm._BatchNorm) for layer in network.modules())


def _unused_setting(optim: OptimConfig, gan: GAN) -> str:
    """Return why the first setting that neither the schedule nor the optimiser reads has no effect; empty if none."""
    default = OptimConfig()
    changed = [
        field.name for field in fields(OptimConfig) if getattr(optim, field.name) != getattr(default, field.name)
    ]
    for name in changed:
        if name in ENDS and is_constant(gan.schedule):
            return f"optim.{name} has no effect here: nothing moves to an end (try --set optim.lr_decay=linear)"
        if name in READ and name not in gan.update_rule.reads:
            return f"optim.{name} has no effect here: the optimizer {optim.name} does not read it"
    return ""


def check_weight_decay(optim: OptimConfig, rule: UpdateRule) -> None:
    """Raise ConfigError for a weight decay that the optimiser would ignore."""
    if optim.weight_decay and "weight_decay" not in rule.reads:
        what = f"the optimizer {optim.name} has no weight decay"
        raise ConfigError(what, where="optim.weight_decay", hint="--set optim.weight_decay=0, or --optimizer adamw")
