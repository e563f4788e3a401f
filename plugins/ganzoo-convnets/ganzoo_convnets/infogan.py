"""The networks of InfoGAN for MNIST."""

import math
from dataclasses import dataclass
from typing import Literal

from torch import nn

import ganzoo
from ganzoo_convnets.layers import Discriminator, Generator, divide_sides

HALVINGS = 2
FULL = 16
"""Width of the fully connected layers in multiples of `width`: 1,024 for 64."""


@dataclass(frozen=True)
class InfoGAN(ganzoo.Model):
    """Two convolutions and a layer of 1,024, the pair for MNIST. Chen et al. 2016, arXiv:1606.03657, Appendix C.1.

    Images (C, H, W) with sides of a multiple of 4 pixels, from 8 on: 28 in the paper. `width` is the number of channels
    next to the image, 64 there. Norms stand before rectifiers and weights start as N(0, 0.02), as in the authors' code.
    `norm_d` auto: batch norm, or none where an enforcer needs logits that depend on one sample each; convolutions
    and layers of that D start by He et al. 2015. The codes are those of the regularizer `infogan` of
    ganzoo-regularizers, whose head reads the last layer of D. Departs: G ends in tanh, not in a sigmoid.
    """

    z_dim: ganzoo.Width = 74
    """Dimensions of the latent z: 62, a category of ten and two continuous codes in the paper."""
    width: ganzoo.Width = 64
    norm_d: Literal["auto", "batch", "none"] = "auto"

    def generator(self, data: ganzoo.DataSpec, embedding_dim: int) -> nn.Module:
        """Raise ConfigError for sides that are no multiple of 4."""
        sides = divide_sides(data, "infogan", 2**HALVINGS)
        full, maps = FULL * self.width, 2 * self.width * math.prod(sides)
        vectors = nn.Sequential(
            *(nn.Linear(self.z_dim + embedding_dim, full, bias=False), nn.BatchNorm1d(full), ganzoo.Rectifier()),
            *(nn.Linear(full, maps, bias=False), nn.BatchNorm1d(maps), ganzoo.Rectifier()),
        )
        ups = nn.Sequential(
            *(nn.ConvTranspose2d(2 * self.width, self.width, 4, 2, 1, bias=False), nn.BatchNorm2d(self.width)),
            *(ganzoo.Rectifier(), nn.ConvTranspose2d(self.width, data.shape[0], 4, 2, 1)),
        )
        return Generator(vectors, (2 * self.width, *sides), ups)

    def discriminator(self, data: ganzoo.DataSpec, *, per_sample: bool) -> nn.Module:
        """Raise ConfigError for sides that are no multiple of 4, and for batch norm that an enforcer excludes."""
        sides = divide_sides(data, "infogan", 2**HALVINGS)
        if self.norm_d == "batch" and per_sample:
            what = "batch norm in D makes each logit depend on the whole batch, so a per-sample enforcer bounds nothing"
            raise ganzoo.ConfigError(what, where="model.norm_d = batch", hint="--set model.norm_d=none")
        normed = not per_sample if self.norm_d == "auto" else self.norm_d == "batch"
        maps, full = 2 * self.width, FULL * self.width
        body = nn.Sequential(
            *(nn.Conv2d(data.shape[0], self.width, 4, 2, 1), ganzoo.Rectifier(0.1)),
            nn.Conv2d(self.width, maps, 4, 2, 1, bias=not normed),
            *([nn.BatchNorm2d(maps)] if normed else []),
            *(ganzoo.Rectifier(0.1), nn.Flatten()),
            nn.Linear(maps * math.prod(sides), full, bias=not normed),
            *([nn.BatchNorm1d(full)] if normed else []),
            ganzoo.Rectifier(0.1),
        )
        return Discriminator(body, full)

    def initialise_head(self, discriminator: nn.Module, head: nn.Module) -> None:
        """Draw N(0, 0.02), as the layers of a D with norms."""
        if any(isinstance(layer, nn.BatchNorm2d) for layer in discriminator.modules()):
            for layer in head.modules():
                if isinstance(layer, nn.Linear):
                    nn.init.normal_(layer.weight, 0.0, 0.02)
                    nn.init.zeros_(layer.bias)
