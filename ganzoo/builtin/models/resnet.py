"""The residual pair of WGAN-GP and SNGAN, and most of GAN_stability's. arXiv:1704.00028, 1802.05957, 1801.04406."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from ganzoo.builtin.models.sizes import halve
from ganzoo.contracts import DataSpec, Model
from ganzoo.layers import ConditionalBatchNorm, ConvPool, Norm, Rectifier, UpConv, choose_norm, norm_layer
from ganzoo.settings.options import NonNegativeFloat, PositiveFloat, Width

_SMALL = 32  # pixels: up to here the pair is that of CIFAR-10, whose blocks are all of one width


def _conv(a: int, b: int, kernel: int) -> nn.Conv2d:
    return nn.Conv2d(a, b, kernel, padding=kernel // 2)


@dataclass(frozen=True)
class Residuals:
    """Numbers that the residual blocks of both networks share."""

    slope: float = 0.0
    """Slope of the rectifiers below 0."""
    scale: float = 1.0
    """Factor of the residual path, whose sum with the shortcut is the block."""

    def join(self, h: Tensor, shortcut: Tensor) -> Tensor:
        """h (N, C, H, W), shortcut (N, C, H, W) -> scale * h + shortcut."""
        return h + shortcut if self.scale == 1 else self.scale * h + shortcut


_PLAIN = Residuals()


class NoNorm(nn.Module):
    """(x (N, C, H, W), c (N, E)) -> x, in place of a norm."""

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """Return x as it is."""
        return x


class UpBlock(nn.Module):
    """Residual block of G that doubles the size: h + shortcut, norm before each rectifier; none if E is None."""

    def __init__(self, a: int, b: int, embedding_dim: int | None, residuals: Residuals = _PLAIN) -> None:
        super().__init__()
        norms = [NoNorm() if embedding_dim is None else ConditionalBatchNorm(n, embedding_dim) for n in (a, b)]
        self.norm1, self.conv1 = norms[0], UpConv(a, b)
        self.norm2, self.conv2 = norms[1], _conv(b, b, 3)
        self.shortcut, self.rectify, self.residuals = _conv(a, b, 1), Rectifier(residuals.slope), residuals

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """x (N, A, H, W), c (N, E) -> (N, B, 2H, 2W)."""
        h = self.conv1(self.rectify(self.norm1(x, c)))
        h = self.conv2(self.rectify(self.norm2(h, c)))
        # a 1 x 1 convolution and nearest upsampling commute: convolve the small map, a quarter of the work
        return self.residuals.join(h, interpolate(self.shortcut(x), scale_factor=2))


class DownBlock(nn.Module):
    """Residual block of D; `down` halves the size. `first` reads the image, so it starts without a rectifier."""

    def __init__(
        self, a: int, b: int, norm: Norm, residuals: Residuals = _PLAIN, *, down: bool, first: bool = False
    ) -> None:
        super().__init__()
        self.down, self.first = down, first
        self.norm1 = nn.Identity() if first else norm_layer(norm, a)
        self.norm2 = norm_layer(norm, b)
        self.conv1, self.conv2 = _conv(a, b, 3), ConvPool(b, b) if down else _conv(b, b, 3)
        self.shortcut = _conv(a, b, 1) if down or a != b else nn.Identity()
        self.rectify, self.residuals = Rectifier(residuals.slope), residuals

    def forward(self, x: Tensor) -> Tensor:
        """x (N, A, H, W) -> (N, B, H / 2, W / 2), or (N, B, H, W) if not `down`."""
        h: Tensor = x if self.first else self.rectify(self.norm1(x))
        h = self.conv2(self.rectify(self.norm2(self.conv1(h))))
        if self.down:  # pooling commutes with the 1 x 1 shortcut: pool first, a quarter of the work
            x = avg_pool2d(x, 2)
        return self.residuals.join(h, self.shortcut(x))


class Generator(nn.Module):
    """(z (N, Z), c (N, E)) -> images (N, C, H, W) in [-1, 1]; c enters through conditional batch norm.

    If `embedding_dim` is None there is no norm, and c is a part of z (N, Z + E).
    """

    def __init__(
        self,
        z_dim: int,
        widths: list[int],
        sides: tuple[int, int],
        channels: int,
        embedding_dim: int | None,
        residuals: Residuals,
    ) -> None:
        super().__init__()
        self.project = nn.Linear(z_dim, widths[0] * math.prod(sides))
        self.shape, self.normed = (widths[0], *sides), embedding_dim is not None
        self.blocks = nn.ModuleList(UpBlock(a, b, embedding_dim, residuals) for a, b in pairwise(widths))
        self.norm = nn.BatchNorm2d(widths[-1]) if self.normed else nn.Identity()
        self.rectify, self.to_image = Rectifier(residuals.slope), _conv(widths[-1], channels, 3)

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        """z (N, Z), c (N, E) -> (N, C, H, W)."""
        h = self.project(z if self.normed else torch.cat([z, c], dim=1)).reshape(z.shape[0], *self.shape)
        for block in self.blocks:
            h = block(h, c)
        return torch.tanh(self.to_image(self.rectify(self.norm(h))))


class Discriminator(nn.Module):
    """Images (N, *shape) -> features (N, F): the last map, pooled or as it is ("flatten")."""

    def __init__(
        self,
        shape: tuple[int, ...],
        widths: list[int],
        downs: list[bool],
        norm: Norm,
        pool: str,
        residuals: Residuals,
    ) -> None:
        super().__init__()
        ins = [shape[0], *widths]
        self.blocks = nn.Sequential(
            *(
                DownBlock(a, b, norm, residuals, down=down, first=i == 0)
                for i, (a, b, down) in enumerate(zip(ins, widths, downs, strict=False))
            )
        )
        pixels = math.prod(side // 2 ** sum(downs) for side in shape[1:])
        self.rectify, self.pool = Rectifier(residuals.slope), pool
        self.feature_dim = widths[-1] * (pixels if pool == "flatten" else 1)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, *shape) -> (N, F)."""
        h: Tensor = self.rectify(self.blocks(x))
        if self.pool == "flatten":
            return h.flatten(1)
        return h.sum(dim=(2, 3)) if self.pool == "sum" else h.mean(dim=(2, 3))


def initialise(network: nn.Module) -> nn.Module:
    """Draw Glorot uniform weights, gain sqrt(2) in 3 x 3 convolutions of residual paths. Code of arXiv:1802.05957."""
    for name, layer in network.named_modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            residual = name.endswith(("conv1", "conv2"))
            nn.init.xavier_uniform_(layer.weight, gain=2**0.5 if residual else 1.0)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    for layer in network.modules():
        if isinstance(layer, ConditionalBatchNorm) and layer.modulate is not None:
            nn.init.normal_(layer.modulate.weight, 0.0, 0.02)
    return network


@dataclass(frozen=True)
class ResNet(Model):
    """Residual pair of WGAN-GP and SNGAN. Miyato et al. 2018, arXiv:1802.05957, Tables 3-5.

    Samples (C, H, W) with sides of 16 to 256: 4 to 7 times a power of two. Up to 32 pixels every block of G has
    `width_g` channels and every block of D `width_d`; above, G ends in width_g / 4 channels and D begins with
    width_d / 2, doubled at each halving up to 8 and 16 times that. Labels enter G through conditional batch
    norm, or beside z if `norm_g` is none. `norm_d` auto: none. Weights start by Glorot and Bengio 2010, D's last layer
    included, sqrt(2) times as large in residual paths. LeakyReLU, residual paths that are scaled, and neither norm nor
    pooling are those of arXiv:1801.04406.
    """

    z_dim: Width = 128
    """Dimensions of the latent z."""
    width_g: Width = 256
    width_d: Width = 128
    pool: Literal["sum", "mean", "flatten"] = "sum"
    """Features of D: sums (SNGAN) or means (WGAN-GP) of the channels of its last map, or all its values (R1)."""
    norm_g: Literal["batch", "none"] = "batch"
    norm_d: Literal["auto", "batch", "layer", "none"] = "auto"
    negative_slope: NonNegativeFloat = 0.0
    """Slope of rectifiers below 0: 0 is ReLU, 0.2 the LeakyReLU of arXiv:1801.04406."""
    residual_scale: PositiveFloat = 1.0
    """Factor of the residual path of each block, 0.1 in the networks of arXiv:1801.04406."""

    def generator(self, data: DataSpec, embedding_dim: int) -> nn.Module:
        halvings, sides = halve(data, "resnet")
        widths = self._widths_g(max(data.shape[1:]), halvings)
        if self.norm_g == "batch":
            network = Generator(self.z_dim, widths, sides, data.shape[0], embedding_dim, self._residuals)
        else:
            network = Generator(self.z_dim + embedding_dim, widths, sides, data.shape[0], None, self._residuals)
        return initialise(network)

    def discriminator(self, data: DataSpec, *, per_sample: bool) -> nn.Module:
        norm = choose_norm(self.norm_d, per_sample=per_sample, unasked="none")
        halvings, _ = halve(data, "resnet")
        widths, downs = self._blocks_d(max(data.shape[1:]), halvings)
        return initialise(Discriminator(data.shape, widths, downs, norm, self.pool, self._residuals))

    def initialise_head(self, discriminator: nn.Module, head: nn.Module) -> None:
        initialise(head)

    @property
    def _residuals(self) -> Residuals:
        return Residuals(self.negative_slope, self.residual_scale)

    def _widths_g(self, size: int, doublings: int) -> list[int]:
        """Return the widths from the smallest map up to the image: one block per doubling."""
        if size <= _SMALL:
            return [self.width_g] * (doublings + 1)
        return [self.width_g * min(2**i, 8) // 4 for i in range(doublings, -1, -1)]

    def _blocks_d(self, size: int, halvings: int) -> tuple[list[int], list[bool]]:
        """Return widths and halvings from the image down: two halvings up to 32 pixels, to the smallest map above."""
        if size <= _SMALL:
            return [self.width_d] * 4, [True, True, False, False]
        widths = [self.width_d * min(2**i, 16) // 2 for i in range(halvings)]
        return [*widths, widths[-1]], [True] * halvings + [False]
