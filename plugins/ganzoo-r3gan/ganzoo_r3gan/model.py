"""The model `r3gan`: its options, and the image sizes that it supports."""

from dataclasses import dataclass
from math import gcd, log2

from torch import nn

import ganzoo
from ganzoo_r3gan.networks import Discriminator, Generator, Shape

FULL_STAGES = 4
"""Stages of full width, 4 to 32 pixels as in the paper's CIFAR-10 network; each later stage has half the channels."""


@dataclass(frozen=True)
class R3GAN(ganzoo.Model):
    """Residual pair without normalisation: grouped convolutions, Fixup. Huang et al. 2024, arXiv:2501.05441, Config E.

    Square images of 4 * 2^k pixels. Every stage from 4 to 32 pixels has `width` channels and `blocks` residual
    blocks, whose branches are `expansion` times as wide and convolved in groups of `group_width` channels: the
    paper's CIFAR-10 network has 768, 2, 2 and 16, thus cardinality 96. The defaults are for a CPU.
    """

    z_dim: ganzoo.Width = 64
    width: ganzoo.Width = 32
    blocks: ganzoo.Depth = 2
    expansion: ganzoo.Depth = 2
    group_width: ganzoo.Width = 16

    def generator(self, data: ganzoo.DataSpec, embedding_dim: int) -> nn.Module:
        """Raise ConfigError for a size that is not 4 * 2^k."""
        return Generator(self.z_dim + embedding_dim, self._shape(data), data.shape[0])

    def discriminator(self, data: ganzoo.DataSpec, *, per_sample: bool) -> nn.Module:
        """Raise ConfigError for a size that is not 4 * 2^k; F is `width`."""
        return Discriminator(self._shape(data), data.shape[0])  # without norm, it never mixes samples

    def _shape(self, data: ganzoo.DataSpec) -> Shape:
        halvings = max(count_stages(data) - FULL_STAGES, 0)
        unit = self.group_width // gcd(self.group_width, self.expansion) * 2**halvings
        if self.width % unit:
            raise ganzoo.ConfigError(
                f"stages of {self.width} channels, {self.width} x {self.expansion} in a block, "
                f"do not all divide into groups of {self.group_width}",
                where=f"model.width = {self.width}, model.group_width = {self.group_width}",
                hint=f"--set model.width={max(round(self.width / unit), 1) * unit}",
            )
        widths = [self.width // 2 ** max(i + 1 - FULL_STAGES, 0) for i in range(count_stages(data))]
        return Shape(widths, self.blocks, self.expansion, self.group_width)


def count_stages(data: ganzoo.DataSpec) -> int:
    """Return the number of stages from 4 x 4 to the image. Raises ConfigError, with the nearest size, for others."""
    shape, size = " x ".join(map(str, data.shape)), data.shape[-1]
    what = f"r3gan makes square images of 4 * 2^k pixels, not {shape}"
    if len(data.shape) != 3 or data.shape[1] != size:
        raise ganzoo.ConfigError(what, hint="--image-size 32; for points of the plane --model mlp")
    doublings = max(round(log2(size / 4)), 0)
    if size != 4 * 2**doublings:
        raise ganzoo.ConfigError(what, hint=f"--image-size {4 * 2**doublings}")
    return doublings + 1
