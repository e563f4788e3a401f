"""The model `sagan`: its options, and the image sizes that it supports."""

from dataclasses import dataclass
from math import log2

from torch import nn

import ganzoo
from ganzoo_sagan.networks import SMALLEST, Discriminator, Generator

WIDEST = 16
"""Largest multiple of `width`, reached at 4 x 4 pixels of images of 128 pixels and more."""


@dataclass(frozen=True)
class SAGAN(ganzoo.Model):
    """Residual pair with self-attention, and spectral norm in G too. Zhang et al. 2018, arXiv:1805.08318.

    Square images of 4 * 2^k pixels, from 8 on; D is bounded by `--lipschitz sn`. `width` is the number of channels
    next to the image, doubled at each halving up to 16 times that: 64 in the authors' code. Both networks attend to
    maps of `attend_at` pixels, 32 in the paper for images of 128; 0 is half the size of the image, at most 32. Labels
    enter G through conditional batch norm; `--conditioner projection` brings them to D as in the paper.
    """

    z_dim: ganzoo.Width = 128
    width: ganzoo.Width = 32
    attend_at: ganzoo.NonNegativeInt = 0

    def generator(self, data: ganzoo.DataSpec, embedding_dim: int) -> nn.Module:
        """Raise ConfigError for a size that is not 4 * 2^k."""
        size = check_size(data)
        widths = self._widths(size)[::-1]
        return Generator(self.z_dim, [widths[0], *widths], data.shape[0], embedding_dim, self._place(size))

    def discriminator(self, data: ganzoo.DataSpec, *, per_sample: bool) -> nn.Module:
        """Raise ConfigError for a size that is not 4 * 2^k."""
        size = check_size(data)  # without norm, D never mixes samples
        return Discriminator(self._widths(size), data.shape[0], size, self._place(size))

    def _widths(self, size: int) -> list[int]:
        """Return the channels of D's maps, from half the image down to 4 x 4."""
        return [self.width * min(2**i, WIDEST) for i in range(count_halvings(size))]

    def _place(self, size: int) -> int:
        """Return the size of the map that attends. Raises ConfigError if the networks have no map of that size."""
        if self.attend_at == 0:
            return min(size // 2, 32)
        sizes = [SMALLEST * 2**i for i in range(count_halvings(size))]
        if self.attend_at not in sizes:
            what = f"for images of {size} pixels both networks have maps of {', '.join(map(str, sizes))}"
            raise ganzoo.ConfigError(what, where=f"model.attend_at = {self.attend_at}", hint="--set model.attend_at=0")
        return self.attend_at


def count_halvings(size: int) -> int:
    """Return the number of halvings from the image to 4 x 4."""
    return int(log2(size // SMALLEST))


def check_size(data: ganzoo.DataSpec) -> int:
    """Return the size of the image. Raises ConfigError, naming the nearest size, for sizes that are not 4 * 2^k."""
    shape, size = " x ".join(map(str, data.shape)), data.shape[-1]
    what = f"sagan makes square images of 4 * 2^k pixels, from 8 on, not {shape}"
    if len(data.shape) != 3 or data.shape[1] != size:
        raise ganzoo.ConfigError(what, hint="--image-size 32; for points of the plane --model mlp")
    nearest = SMALLEST * 2 ** max(round(log2(size / SMALLEST)), 1)
    if size != nearest:
        raise ganzoo.ConfigError(what, hint=f"--image-size {nearest}")
    return size
