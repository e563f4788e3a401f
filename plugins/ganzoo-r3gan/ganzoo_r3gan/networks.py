"""Both networks: stages of residual blocks, with a change of size between stages, from 4 x 4 up and back down."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from ganzoo_r3gan.blocks import Basis, Down, Residual, Up, draw


@dataclass(frozen=True)
class Shape:
    """Shape of both networks."""

    widths: Sequence[int]
    """Channels of each stage, from the 4 x 4 one up to the image."""
    blocks: int
    """Residual blocks per stage."""
    expansion: int
    group_width: int

    def stage(self, width: int) -> Iterator[nn.Module]:
        """Yield the residual blocks of one stage."""
        depth = self.blocks * len(self.widths)
        for _ in range(self.blocks):
            yield Residual(width, width * self.expansion, self.group_width, depth)


class Generator(nn.Module):
    """(z (N, Z), c (N, E)) -> images (N, C, H, W) in [-1, 1]."""

    def __init__(self, in_dim: int, shape: Shape, channels: int) -> None:
        super().__init__()
        self.basis = Basis(in_dim, shape.widths[0])
        self.first = nn.Sequential(*shape.stage(shape.widths[0]))
        stages = [nn.Sequential(Up(a, b), *shape.stage(b)) for a, b in pairwise(shape.widths)]
        self.body, self.to_image = nn.Sequential(*stages), nn.Conv2d(shape.widths[-1], channels, 1)
        draw(self.to_image)

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        """z (N, Z), c (N, E) -> (N, C, H, W)."""
        h = self.first(self.basis(torch.cat([z, c], dim=1)))
        return torch.tanh(self.to_image(self.body(h)))


class Discriminator(nn.Module):
    """Images (N, C, H, W) -> features (N, F): a weighted sum of the 4 x 4 pixels of each channel of the last map."""

    def __init__(self, shape: Shape, channels: int) -> None:
        super().__init__()
        widths = shape.widths[::-1]
        self.from_image = nn.Conv2d(channels, widths[0], 1, bias=False)
        stages = [nn.Sequential(*shape.stage(a), Down(a, b)) for a, b in pairwise(widths)]
        self.body, self.last = nn.Sequential(*stages), nn.Sequential(*shape.stage(widths[-1]))
        self.pictures = nn.Parameter(torch.randn(1, widths[-1], 4, 4) / 4)  # 16 pixels: keeps the variance
        self.feature_dim = widths[-1]
        draw(self.from_image)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, H, W) -> (N, F)."""
        h = self.last(self.body(self.from_image(x)))
        features: Tensor = (h * self.pictures).sum(dim=(2, 3))
        return features
