"""The models `biggan` and `biggan-deep`: their options, and the image sizes that they support."""

from dataclasses import dataclass

from torch import nn

import ganzoo
from ganzoo_biggan.networks import (
    Discriminator,
    Generator,
    deep_down_blocks,
    deep_up_blocks,
    down_blocks,
    initialise,
    up_blocks,
)

WIDTHS_G = {
    32: (4, 4, 4, 4),
    64: (16, 8, 4, 2, 1),
    128: (16, 16, 8, 4, 2, 1),
    256: (16, 16, 8, 8, 4, 2, 1),
    512: (16, 16, 8, 8, 4, 2, 1, 1),
}
"""Channels of G's maps from 4 x 4 up to the image, in multiples of `width`. Tables 4-9; 32 and 64: StudioGAN."""
WIDTHS_D = {
    32: (2, 2, 2, 2),
    64: (1, 2, 4, 8, 16),
    128: (1, 2, 4, 8, 16, 16),
    256: (1, 2, 4, 8, 8, 16, 16),
    512: (1, 1, 2, 4, 8, 8, 16, 16),
}
"""Channels of the maps of biggan's D, from the image down: one block each."""
HALVINGS = {32: 2, 64: 4, 128: 5, 256: 6, 512: 7}
"""Halvings of D: to 4 x 4, but for 32 pixels to 8 x 8."""
CHUNK = 20
"""Numbers of z for each block in the paper, and for the linear layer."""


@dataclass(frozen=True)
class BigGAN(ganzoo.Model):
    """Wide residual pair whose blocks each get a part of z. Brock et al. 2019, arXiv:1809.11096, Fig. 15, Tables 4-6.

    Square images of 32, 64, 128, 256 or 512 pixels. `width` is the paper's ch, 96 there. z is cut into one part for the
    first layer and one for each block, where it joins the label embedding and sets gains and biases of batch norm; so
    `z_dim` is a multiple of 4, 5, 6, 7 or 8: 120 for 128 pixels and 140 for 256 in the paper. Both networks attend to
    maps of `attend_at` pixels; 0 is half the size of the image, at most 64. Weights start orthogonal. D is bounded by
    `--lipschitz sn`, G too with `--set lipschitz.generator=true`; `--conditioner projection` brings the labels.
    Departs: gains and biases of norms have a learnt part without z and labels, and are not bounded.
    """

    z_dim: ganzoo.Width = 120
    width: ganzoo.Width = 32
    attend_at: ganzoo.NonNegativeInt = 0

    def generator(self, data: ganzoo.DataSpec, embedding_dim: int) -> nn.Module:
        """Raise ConfigError for another size, and for a z that has no equal parts."""
        size = self._check(data)
        widths, chunks = self._widths(WIDTHS_G[size]), len(WIDTHS_G[size])
        chunk = self.z_dim // chunks
        blocks = up_blocks(widths, chunk + embedding_dim, self._place(size))
        return Generator((chunk, widths[0]), chunks, blocks, (widths[-1], data.shape[0]))

    def discriminator(self, data: ganzoo.DataSpec, *, per_sample: bool) -> nn.Module:
        """Raise ConfigError for another size, and for a z that has no equal parts."""
        size = self._check(data)  # without norm, D never mixes samples
        widths = self._widths(WIDTHS_D[size])
        blocks = down_blocks(data.shape[0], widths, HALVINGS[size], size, self._place(size))
        return Discriminator(blocks, widths[-1])

    def initialise_head(self, discriminator: nn.Module, head: nn.Module) -> None:
        """Draw orthogonal weights."""
        initialise(head)

    def _check(self, data: ganzoo.DataSpec) -> int:
        size = check_size(data, "biggan")
        parts = len(WIDTHS_G[size])
        if self.z_dim % parts:
            what = f"biggan cuts z into {parts} equal parts for images of {size} pixels, not {self.z_dim} numbers"
            raise ganzoo.ConfigError(what, where="model.z_dim", hint=f"--set model.z_dim={CHUNK * parts}")
        return size

    def _widths(self, multiples: tuple[int, ...]) -> list[int]:
        return [self.width * multiple for multiple in multiples]

    def _place(self, size: int) -> int:
        return choose_place(self.attend_at, size)


@dataclass(frozen=True)
class BigGANDeep(ganzoo.Model):
    """BigGAN of bottleneck blocks, two at each size. Brock et al. 2019, arXiv:1809.11096, Fig. 16, Tables 7-9.

    Square images of 32, 64, 128, 256 or 512 pixels. `width` is the paper's ch, 128 there. All of z joins the label
    embedding, enters the first layer, and sets gains and biases of every batch norm. Shortcuts have no weights: G drops
    channels, and D concatenates new ones. D reflects G; for 32 pixels it is half as wide and halves twice, as nobody
    published it. Attention, first weights, bounds and labels are those of `biggan`, and what departs too.
    """

    z_dim: ganzoo.Width = 128
    width: ganzoo.Width = 32
    attend_at: ganzoo.NonNegativeInt = 0

    def generator(self, data: ganzoo.DataSpec, embedding_dim: int) -> nn.Module:
        """Raise ConfigError for another size."""
        size = check_size(data, "biggan-deep")
        widths, condition = [self.width * m for m in WIDTHS_G[size]], self.z_dim + embedding_dim
        blocks = deep_up_blocks(widths, condition, choose_place(self.attend_at, size))
        return Generator((condition, widths[0]), 1, blocks, (widths[-1], data.shape[0]))

    def discriminator(self, data: ganzoo.DataSpec, *, per_sample: bool) -> nn.Module:
        """Raise ConfigError for another size."""
        size = check_size(data, "biggan-deep")  # without norm, D never mixes samples
        multiples = WIDTHS_D[size] if size == min(WIDTHS_D) else WIDTHS_G[size][::-1]
        widths = [self.width * m for m in multiples]
        place = choose_place(self.attend_at, size)
        return Discriminator(deep_down_blocks(data.shape[0], widths, HALVINGS[size], size, place), widths[-1])

    def initialise_head(self, discriminator: nn.Module, head: nn.Module) -> None:
        """Draw orthogonal weights."""
        initialise(head)


def check_size(data: ganzoo.DataSpec, model: str) -> int:
    """Return the size of the image. Raises ConfigError, naming the nearest size, for one that the tables lack."""
    shape, size = " x ".join(map(str, data.shape)), data.shape[-1]
    what = f"{model} makes square images of {', '.join(map(str, WIDTHS_G))} pixels, not {shape}"
    if len(data.shape) != 3 or data.shape[1] != size:
        raise ganzoo.ConfigError(what, hint="--image-size 32; for points of the plane --model mlp")
    if size not in WIDTHS_G:
        nearest = min(WIDTHS_G, key=lambda known: abs(known - size))
        raise ganzoo.ConfigError(what, hint=f"--image-size {nearest}")
    return size


def choose_place(attend_at: int, size: int) -> int:
    """Return the size of the map that attends. Raises ConfigError if one of the networks has no map of that size."""
    if attend_at == 0:
        return min(size // 2, 64)
    sizes = [size // 2**i for i in range(HALVINGS[size], 0, -1)]
    if attend_at not in sizes:
        what = f"for images of {size} pixels both networks have maps of {', '.join(map(str, sizes))}"
        raise ganzoo.ConfigError(what, where=f"model.attend_at = {attend_at}", hint="--set model.attend_at=0")
    return attend_at
