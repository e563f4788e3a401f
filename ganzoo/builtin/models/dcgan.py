"""DCGAN: strided convolutions, doubled in width at each halving. Radford et al. 2016, arXiv:1511.06434."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from ganzoo.builtin.models.grey import DoublingConv, HalvingConv
from ganzoo.builtin.models.sizes import halve
from ganzoo.contracts import DataSpec, Model
from ganzoo.layers import Norm, Rectifier, choose_norm, norm_layer
from ganzoo.settings.options import Width


class Generator(nn.Module):
    """(z (N, Z), c (N, E)) -> images (N, C, H, W) in [-1, 1]: a linear layer, then one up-convolution per doubling."""

    def __init__(self, in_dim: int, widths: list[int], sides: tuple[int, int], channels: int) -> None:
        super().__init__()
        self.project = nn.Linear(in_dim, widths[0] * math.prod(sides), bias=False)
        self.shape = (widths[0], *sides)
        ups = [
            layer
            for a, b in pairwise(widths)
            for layer in (nn.ConvTranspose2d(a, b, 4, 2, 1, bias=False), nn.BatchNorm2d(b), Rectifier())
        ]
        last = DoublingConv(widths[-1], channels)  # no norm, which would fix the contrast of images
        self.body = nn.Sequential(nn.BatchNorm2d(widths[0]), Rectifier(), *ups, last, nn.Tanh())

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        """z (N, Z), c (N, E) -> (N, C, H, W)."""
        h = self.project(torch.cat([z, c], dim=1)).reshape(z.shape[0], *self.shape)
        x: Tensor = self.body(h)
        return x


class Discriminator(nn.Module):
    """Images (N, C, H, W) -> features (N, F): one strided convolution per halving, no norm on the first."""

    def __init__(self, channels: int, widths: list[int], sides: tuple[int, int], norm: Norm) -> None:
        super().__init__()
        layers: list[nn.Module] = [HalvingConv(channels, widths[0]), Rectifier(0.2)]
        for a, b in pairwise(widths):
            bias = norm == "none"  # a norm has a bias of its own
            layers += [nn.Conv2d(a, b, 4, 2, 1, bias=bias), norm_layer(norm, b), Rectifier(0.2)]
        self.body = nn.Sequential(*layers, nn.Flatten())
        self.feature_dim = widths[-1] * math.prod(sides)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, H, W) -> (N, F)."""
        h: Tensor = self.body(x)
        return h


def initialise(network: nn.Module) -> nn.Module:
    """Draw weights from N(0, 0.02) and gains of norms from N(1, 0.02); set biases to 0. arXiv:1511.06434, Sec. 4."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(layer.weight, 0.0, 0.02)
        elif isinstance(layer, nn.BatchNorm2d | nn.GroupNorm):
            nn.init.normal_(layer.weight, 1.0, 0.02)
        if getattr(layer, "bias", None) is not None:
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return network


def initialise_without_norm(network: nn.Module) -> nn.Module:
    """Draw weights by He et al. 2015, arXiv:1502.01852, Eq. 15; set biases to 0.

    A standard deviation of 0.02 counts on norms: without them the features are 57 times smaller than the images of
    mnist-5k, and with bce and gp G makes one image of all latents (digits of 16 pixels, 500 steps: FD 296, here 60).
    """
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, a=0.2)  # slope of the rectifier below 0
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]  # a layer without norm has one
    return network


@dataclass(frozen=True)
class DCGAN(Model):
    """Strided convolutions, batch norm in G and D. Radford et al. 2016, arXiv:1511.06434.

    Samples (C, H, W) of any number of channels, with sides of 16 to 256: 4 to 7 times a power of two. `width`
    is the number of channels of the layer next to the image; it doubles at each halving, up to `max_width`.
    `norm_d` auto: batch norm, or none where an enforcer needs logits that depend on one sample each. Weights start as
    N(0, 0.02); in a D without norm convolutions start by He et al. 2015, and the last layer as torch draws it.
    """

    z_dim: Width = 100
    """Dimensions of the latent z."""
    width: Width = 64
    max_width: Width = 512
    norm_d: Literal["auto", "batch", "layer", "none"] = "auto"

    def widths(self, halvings: int) -> list[int]:
        """Return the channels of D's layers, from the image down; G uses them in reverse."""
        return [min(self.width * 2**i, self.max_width) for i in range(halvings)]

    def generator(self, data: DataSpec, embedding_dim: int) -> nn.Module:
        halvings, sides = halve(data, "dcgan")
        return initialise(Generator(self.z_dim + embedding_dim, self.widths(halvings)[::-1], sides, data.shape[0]))

    def discriminator(self, data: DataSpec, *, per_sample: bool) -> nn.Module:
        halvings, sides = halve(data, "dcgan")
        norm = choose_norm(self.norm_d, per_sample=per_sample, unasked="batch")
        discriminator = Discriminator(data.shape[0], self.widths(halvings), sides, norm)
        return initialise_without_norm(discriminator) if norm == "none" else initialise(discriminator)

    def initialise_head(self, discriminator: nn.Module, head: nn.Module) -> None:
        if any(isinstance(layer, nn.BatchNorm2d | nn.GroupNorm) for layer in discriminator.modules()):
            initialise(head)
