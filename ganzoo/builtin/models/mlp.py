"""Fully connected pair, for points and small images."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from ganzoo.contracts import DataSpec, Model
from ganzoo.layers import Rectifier
from ganzoo.settings.options import Depth, Width


class Generator(nn.Module):
    """(z (N, Z), c (N, E)) -> samples (N, *shape) in [-1, 1]."""

    def __init__(self, in_dim: int, width: int, depth: int, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape = shape
        self.body = nn.Sequential(*_hidden(in_dim, width, depth), nn.Linear(width, math.prod(shape)), nn.Tanh())

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        """z (N, Z), c (N, E) -> (N, *shape)."""
        x: Tensor = self.body(torch.cat([z, c], dim=1))
        return x.reshape(z.shape[0], *self.shape)


class Discriminator(nn.Module):
    """Samples (N, *shape) -> features (N, F)."""

    def __init__(self, shape: tuple[int, ...], width: int, depth: int) -> None:
        super().__init__()
        self.feature_dim = width
        self.body = nn.Sequential(nn.Flatten(), *_hidden(math.prod(shape), width, depth))

    def forward(self, x: Tensor) -> Tensor:
        """x (N, *shape) -> (N, F)."""
        h: Tensor = self.body(x)
        return h


def _hidden(in_dim: int, width: int, depth: int) -> list[nn.Module]:
    widths = [in_dim, *[width] * depth]
    return [layer for a, b in pairwise(widths) for layer in (nn.Linear(a, b), Rectifier(0.2))]


@dataclass(frozen=True)
class MLP(Model):
    """Fully connected pair without normalisation, for points and small images; nobody's invention.

    `depth` hidden layers of `width` units in each network, LeakyReLU 0.2, tanh at the end of G.
    """

    z_dim: Width = 64
    """Dimensions of the latent z."""
    width: Width = 256
    depth: Depth = 3

    def generator(self, data: DataSpec, embedding_dim: int) -> nn.Module:
        return Generator(self.z_dim + embedding_dim, self.width, self.depth, data.shape)

    def discriminator(self, data: DataSpec, *, per_sample: bool) -> nn.Module:
        return Discriminator(data.shape, self.width, self.depth)
