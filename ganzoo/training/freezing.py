"""Layers whose weights stay as they are, such as the first ones of D: FreezeD, Mo et al. 2020, arXiv:2002.10964."""

from __future__ import annotations

from fnmatch import fnmatch

import torch
from torch import nn

from ganzoo.errors import ConfigError
from ganzoo.settings.sections import TrainConfig
from ganzoo.training.gan import GAN


def freeze(train: TrainConfig, G: nn.Module, D: nn.Module) -> frozenset[str]:
    """Freeze the weights of G and D that the settings name; return the names of those of D.

    Raises ConfigError for a name of no weight, and if a network has nothing left to train.
    """
    layers = list(dict.fromkeys(map(_layer, (name for name, _ in D.named_parameters()))))
    chosen = {f"D.{name}" for name, _ in D.named_parameters() if _layer(name) in layers[: train.freeze_d]}
    weights = {f"{whose}.{name}": w for whose, net in (("G", G), ("D", D)) for name, w in net.named_parameters()}
    for pattern in filter(None, map(str.strip, train.freeze.split(","))):
        found = {name for name in weights if fnmatch(name, pattern) or name.startswith(f"{pattern}.")}
        if not found:
            what = f"train.freeze: {pattern!r} is the name of no weight; the first is {next(iter(weights))}"
            raise ConfigError(what, hint="--set 'train.freeze=\"D.trunk.*\"'")
        chosen |= found
    for whose in ("G", "D"):
        if chosen.issuperset(own := [name for name in weights if name.startswith(f"{whose}.")]) and own:
            raise ConfigError(f"every weight of {whose} is frozen: nothing is left to train", where="train.freeze")
    for name in chosen:
        weights[name].requires_grad_(False)
    return frozenset(name.removeprefix("D.") for name in chosen if name.startswith("D."))


def _layer(name: str) -> str:
    """Return the layer of a weight, "trunk.0" of "trunk.0.weight", also if an enforcer re-parametrises it."""
    return name.partition(".parametrizations.")[0] if ".parametrizations." in name else name.rpartition(".")[0]


@torch.no_grad()
def project(gan: GAN) -> None:
    """Let the enforcer move the weights of D back, but for those that are frozen."""
    frozen = [weight for name, weight in gan.D.named_parameters() if name in gan.frozen_d] if gan.frozen_d else []
    before = [weight.clone() for weight in frozen]
    gan.lipschitz.project(gan.D)
    for weight, value in zip(frozen, before, strict=True):
        weight.copy_(value)
