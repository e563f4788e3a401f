"""Plugins that plant what a diagnosis is to find."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from ganzoo import hookimpl
from ganzoo.builtin.lipschitz import GradientPenalty
from ganzoo.builtin.losses import NonSaturating
from ganzoo.builtin.models.dcgan import DCGAN
from ganzoo.builtin.models.mlp import MLP


class Deaf(nn.Module):
    """A generator that does not hear its latents, so that all its samples are one."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, z, c):
        return self.inner(0 * z, c)


@dataclass(frozen=True)
class DeafDCGAN(DCGAN):
    """Its generator has collapsed before it begins; nobody's invention."""

    def generator(self, data, embedding_dim):
        return Deaf(super().generator(data, embedding_dim))


class Brittle(nn.Module):
    """Multiplies by 1, and by infinity once it has been called often enough."""

    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64))

    def forward(self, x):
        self.calls += self.training
        return x * (torch.inf if self.calls > 25 else 1.0)


@dataclass(frozen=True)
class BrittleMLP(MLP):
    """A layer of its generator breaks after 25 passes; nobody's invention."""

    def generator(self, data, embedding_dim):
        generator = super().generator(data, embedding_dim)
        generator.body.insert(2, Brittle())
        return generator


@dataclass(frozen=True)
class Heedless(GradientPenalty):
    """A gradient penalty that does not say that it is per sample; nobody's invention."""

    per_sample = False


@dataclass(frozen=True)
class Explosive(NonSaturating):
    """bce, whose gradient on the generator is infinite; nobody's invention."""

    def generator_loss(self, *, fake, real=None):
        return (fake - fake).abs().sum().sqrt() + super().generator_loss(fake=fake)  # d sqrt(x) / dx at 0


@hookimpl
def register_models():
    return {"deaf": DeafDCGAN, "brittle": BrittleMLP}


@hookimpl
def register_lipschitz():
    return {"heedless": Heedless}


@hookimpl
def register_losses():
    return {"explosive": Explosive}
