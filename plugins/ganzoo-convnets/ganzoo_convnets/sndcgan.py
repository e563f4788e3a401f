"""SNDCGAN: the standard CNN of SNGAN's paper."""

import math
from dataclasses import dataclass
from itertools import pairwise

from torch import nn

import ganzoo
from ganzoo_convnets.layers import Discriminator, Generator, divide_sides

HALVINGS = 3


@dataclass(frozen=True)
class SNDCGAN(ganzoo.Model):
    """Standard CNN of SNGAN, 3 x 3 and 4 x 4 convolutions in turn. Miyato et al. 2018, arXiv:1802.05957, Table 3.

    Images (C, H, W) with sides of a multiple of 8 pixels, from 16 on: 32 for CIFAR-10, 48 for STL-10. `width` is the
    number of channels next to the image, 64 in the paper, and 8 times that in the smallest map. G has batch norm; D has
    none, `--lipschitz sn` bounds it. The paper does not say how weights start: in G they are N(0, 0.02), in D by He.
    The strided convolutions of the authors' code are twice as wide as those of the table, which this one follows.
    """

    z_dim: ganzoo.Width = 128
    """Dimensions of the latent z."""
    width: ganzoo.Width = 64

    def generator(self, data: ganzoo.DataSpec, embedding_dim: int) -> nn.Module:
        """Raise ConfigError for sides that are no multiple of 8."""
        sides = divide_sides(data, "sndcgan", 2**HALVINGS)
        widths = [self.width * m for m in (8, 4, 2, 1)]
        ups = [
            layer
            for a, b in pairwise(widths)
            for layer in (nn.ConvTranspose2d(a, b, 4, 2, 1, bias=False), nn.BatchNorm2d(b), ganzoo.Rectifier())
        ]
        project = nn.Linear(self.z_dim + embedding_dim, widths[0] * math.prod(sides))
        maps = nn.Sequential(*ups, nn.Conv2d(widths[-1], data.shape[0], 3, padding=1))
        return Generator(project, (widths[0], *sides), maps)

    def discriminator(self, data: ganzoo.DataSpec, *, per_sample: bool) -> nn.Module:
        """Raise ConfigError for sides that are no multiple of 8."""
        sides = divide_sides(data, "sndcgan", 2**HALVINGS)  # without norm, D never mixes samples
        widths = [data.shape[0], *(self.width * m for m in (1, 2, 4, 8))]
        layers: list[nn.Module] = []
        for a, b in pairwise(widths):
            layers += [nn.Conv2d(a, b, 3, padding=1), ganzoo.Rectifier(0.1)]
            if b != widths[-1]:
                layers += [nn.Conv2d(b, b, 4, 2, 1), ganzoo.Rectifier(0.1)]
        return Discriminator(nn.Sequential(*layers, nn.Flatten()), widths[-1] * math.prod(sides))
