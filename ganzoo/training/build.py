"""Build a GAN that is ready to train: RunConfig + Zoo + DataSpec -> GAN."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import nn

from ganzoo.contracts import Conditioner, DataSpec, LipschitzEnforcer, Model, Regularizer, UpdateRule
from ganzoo.settings.kinds import Kind
from ganzoo.settings.sections import RunConfig
from ganzoo.training.compatibility import (
    check_enforcers,
    check_labels,
    check_networks,
    check_regularizers,
    check_weight_decay,
    require_module,
)
from ganzoo.training.device import Device
from ganzoo.training.freezing import freeze
from ganzoo.training.gan import GAN, Combined, Discriminator, Generator, average_of
from ganzoo.training.optimizers import make_optimizer
from ganzoo.training.ranks import SINGLE, Ranks
from ganzoo.training.regularizers import Regularizers
from ganzoo.zoo.catalogue import Zoo


def build_gan(run: RunConfig, zoo: Zoo, data: DataSpec, device: Device, ranks: Ranks = SINGLE) -> GAN:
    """Build the GAN of one run on its device, and check it; torch's global random state gives the initial weights.

    Raises ConfigError or DataError, with the nearest combination that works, if the parts do not fit;
    PluginError if a component breaks its contract.
    """
    gan = _assemble(run, zoo, data, device, ranks)
    gan = replace(gan, per_sample=not check_networks(gan, run, data))
    check_regularizers(gan, run, data)
    return gan


def build_generator(run: RunConfig, zoo: Zoo, data: DataSpec, device: Device) -> Generator:
    """Build G alone on its device; torch's global random state gives the initial weights. Raises ConfigError."""
    model, conditioner = zoo.create("model", run.model), _conditioner(run, zoo, data)
    lipschitz = _combine(zoo.create_parts("lipschitz", run.lipschitz))
    return device.place(_generator(model, conditioner, data, lipschitz))


def _assemble(run: RunConfig, zoo: Zoo, data: DataSpec, device: Device, ranks: Ranks) -> GAN:
    model, augmentation = zoo.create("model", run.model), zoo.create("augment", run.augment)
    conditioner = _conditioner(run, zoo, data)
    lipschitz = _combine(zoo.create_parts("lipschitz", run.lipschitz))
    G = device.place(_generator(model, conditioner, data, lipschitz))
    free_d = _discriminator(model, conditioner, data, lipschitz.per_sample)
    regularizers = device.place(_regularizers(zoo.create_parts("regularizer", run.regularizer), data, free_d))
    D = device.place(lipschitz.constrain(free_d))
    return GAN(
        frozen_d=freeze(run.train, G, D),
        model=model,
        G=G,
        D=D,
        G_ema=average_of(G),
        ema_decay=run.train.ema_decay,
        **_descent(run, zoo, G, nn.ModuleList([D, regularizers]), device),
        loss=zoo.create("loss", run.loss),
        lipschitz=lipschitz,
        conditioner=conditioner,
        augmentation=augmentation,
        transform=device.place(augmentation.transform(data)),
        data=data,
        device=device,
        penalty_scale=torch.ones((), device=device.torch_device),
        clip_grad_norm=run.train.clip_grad_norm,
        accumulate=run.optim.accumulate,
        ranks=ranks,
        regularizers=regularizers,
    )


def _conditioner(run: RunConfig, zoo: Zoo, data: DataSpec) -> Conditioner:
    conditioner: Conditioner = zoo.create("conditioner", run.conditioner)
    check_labels(run, conditioner, data)
    return conditioner


def _descent(run: RunConfig, zoo: Zoo, G: nn.Module, D: nn.Module, device: Device) -> dict[str, Any]:
    """Return the fields of a GAN by which its players descend. Raises ConfigError for a setting that is ignored."""
    rule: UpdateRule = _create_named("optimizer", run, zoo)
    check_weight_decay(run.optim, rule)
    return {
        "update_rule": rule,
        "schedule": _create_named("schedule", run, zoo),
        "opt_g": make_optimizer(rule, run.optim, G, run.optim.lr_g, device),
        "opt_d": make_optimizer(rule, run.optim, D, run.optim.lr_d, device),
    }


def _create_named(kind: Kind, run: RunConfig, zoo: Zoo) -> Any:
    """Return the one component that a setting such as optim.name names."""
    (component,) = zoo.create_named(kind, run).values()
    return component


def _combine(parts: list[LipschitzEnforcer]) -> LipschitzEnforcer:
    check_enforcers(parts)
    return parts[0] if len(parts) == 1 else Combined(parts)


def _generator(model: Model, conditioner: Conditioner, data: DataSpec, lipschitz: LipschitzEnforcer) -> Generator:
    trunk = require_module(model.generator(data, conditioner.embedding_dim), "generator", model)
    lipschitz.constrain_generator(trunk)
    return Generator(trunk, conditioner.generator_embedding(data.label_length))


def _discriminator(model: Model, conditioner: Conditioner, data: DataSpec, per_sample: bool) -> Discriminator:
    maps = conditioner.discriminator_input(data.label_length, data.shape)
    channels = int(maps.channels)  # type: ignore[arg-type]
    seen = replace(data, shape=(data.shape[0] + channels, *data.shape[1:]))
    trunk = require_module(model.discriminator(seen, per_sample=per_sample), "discriminator", model)
    head = conditioner.discriminator_head(int(trunk.feature_dim), data.label_length)  # type: ignore[arg-type]
    if conditioner.model_initialises_head:
        model.initialise_head(trunk, head)
    return Discriminator(maps, trunk, head)


def _regularizers(parts: list[Regularizer], data: DataSpec, D: Discriminator) -> Regularizers:
    feature_dim = int(D.trunk.feature_dim)  # type: ignore[arg-type]
    return Regularizers(parts, [require_module(part.state(data, feature_dim), "state", part) for part in parts])
