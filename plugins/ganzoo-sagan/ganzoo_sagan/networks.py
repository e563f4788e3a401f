"""The residual pair of SNGAN with projection, and self-attention at one size. arXiv:1805.08318, Sec. 3 and 4.

Shape letters: N batch, C channels, H, W height and width, Z latent, E label embedding, F features.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate
from torch.nn.utils.parametrizations import spectral_norm

from ganzoo import ConditionalBatchNorm, ConvPool, Rectifier, UpConv
from ganzoo_sagan.attention import SelfAttention

SMALLEST = 4
"""Side in pixels of the map that G starts from."""


class UpBlock(nn.Module):
    """Residual block of G that doubles the size; labels enter through conditional batch norm."""

    def __init__(self, a: int, b: int, embedding_dim: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = ConditionalBatchNorm(a, embedding_dim), UpConv(a, b)
        self.norm2, self.conv2 = ConditionalBatchNorm(b, embedding_dim), nn.Conv2d(b, b, 3, padding=1)
        self.shortcut, self.rectify = nn.Conv2d(a, b, 1), Rectifier()

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """x (N, A, H, W), c (N, E) -> (N, B, 2H, 2W)."""
        h = self.conv1(self.rectify(self.norm1(x, c)))
        h = self.conv2(self.rectify(self.norm2(h, c)))
        y: Tensor = h + interpolate(self.shortcut(x), scale_factor=2)  # they commute; the small map is cheaper
        return y


class DownBlock(nn.Module):
    """Residual block of D; `down` halves the size. `first` reads the image, so it starts without a rectifier."""

    def __init__(self, a: int, b: int, *, down: bool = True, first: bool = False) -> None:
        super().__init__()
        self.down, self.first, self.rectify = down, first, Rectifier()
        self.conv1 = nn.Conv2d(a, b, 3, padding=1)
        self.conv2 = ConvPool(b, b) if down else nn.Conv2d(b, b, 3, padding=1)
        self.shortcut = nn.Conv2d(a, b, 1) if down else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """x (N, A, H, W) -> (N, B, H / 2, W / 2), or (N, A, H, W) if not `down`."""
        h = self.conv2(self.rectify(self.conv1(x if self.first else self.rectify(x))))
        y: Tensor = h + self.shortcut(avg_pool2d(x, 2) if self.down else x)
        return y


class Generator(nn.Module):
    """(z (N, Z), c (N, E)) -> images (N, C, H, W) in [-1, 1], with spectral norm in every layer."""

    def __init__(self, z_dim: int, widths: Sequence[int], channels: int, embedding_dim: int, attend_at: int) -> None:
        super().__init__()
        self.project = nn.Linear(z_dim, widths[0] * SMALLEST**2)
        self.blocks = nn.ModuleList(UpBlock(a, b, embedding_dim) for a, b in pairwise(widths))
        self.attention = nn.ModuleList(attend(a, SMALLEST * 2**i, attend_at) for i, a in enumerate(widths[:-1]))
        self.norm, self.rectify = nn.BatchNorm2d(widths[-1]), Rectifier()
        self.to_image = nn.Conv2d(widths[-1], channels, 3, padding=1)
        initialise(self)
        bound(self)

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        """z (N, Z), c (N, E) -> (N, C, H, W)."""
        h = self.project(z).reshape(z.shape[0], -1, SMALLEST, SMALLEST)
        for block, attention in zip(self.blocks, self.attention, strict=True):
            h = block(attention(h), c)
        return torch.tanh(self.to_image(self.rectify(self.norm(h))))


class Discriminator(nn.Module):
    """Images (N, C, H, W) -> features (N, F): the sum over the last map. No norm: `--lipschitz sn` bounds it."""

    def __init__(self, widths: Sequence[int], channels: int, size: int, attend_at: int) -> None:
        super().__init__()
        self.body = nn.Sequential(*down_blocks(channels, widths, size, attend_at))
        self.rectify, self.feature_dim = Rectifier(), widths[-1]
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, H, W) -> (N, F)."""
        h: Tensor = self.rectify(self.body(x))
        return h.sum(dim=(2, 3))


def down_blocks(channels: int, widths: Sequence[int], size: int, attend_at: int) -> Iterator[nn.Module]:
    """Yield D's blocks, from the image down to 4 x 4, one more at that size, and the attention between them."""
    for i, (a, b) in enumerate(pairwise([channels, *widths])):
        yield DownBlock(a, b, first=i == 0)
        yield attend(b, size // 2 ** (i + 1), attend_at)
    yield DownBlock(widths[-1], widths[-1], down=False)


def attend(channels: int, size: int, attend_at: int) -> nn.Module:
    """Return self-attention if the map has this size, else nothing."""
    return SelfAttention(channels) if size == attend_at else nn.Identity()


def initialise(network: nn.Module) -> None:
    """Draw Glorot uniform weights, biases 0, as in arXiv:1802.05957; labels change the norms of G little at first."""
    for layer in weighted_layers(network):
        nn.init.xavier_uniform_(layer.weight)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    for modulate in modulators(network):
        nn.init.normal_(modulate.weight, 0.0, 0.02)


def bound(network: nn.Module) -> None:
    """Divide the weights of every convolution and linear layer by their largest singular value. Sec. 3.1.

    The layers that turn labels into gains and biases stay free, as gains and biases of ordinary batch norm are.
    """
    for layer in weighted_layers(network):
        spectral_norm(layer)


def weighted_layers(network: nn.Module) -> list[nn.Conv2d | nn.Linear]:
    """Return the convolutions and linear layers that are not part of a norm."""
    norms = set(modulators(network))
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    return [layer for layer in layers if layer not in norms]


def modulators(network: nn.Module) -> list[nn.Linear]:
    """Return the layers that turn labels into gains and biases of norms."""
    norms = [layer for layer in network.modules() if isinstance(layer, ConditionalBatchNorm)]
    return [norm.modulate for norm in norms if norm.modulate is not None]
