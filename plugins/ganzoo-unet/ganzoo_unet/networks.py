"""The U-Net discriminator. Schonfeld et al. 2020, arXiv:2002.12655, Sec. 3.1, and the tables of its appendix.

Shape letters: N batch, A, B, C channels, H, W height and width, P pixels (H W), F features.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from ganzoo import ConvPool, Rectifier, UpConv


class DownBlock(nn.Module):
    """Residual block that halves the size, as in BigGAN. `first` reads the image, so it starts without a rectifier."""

    def __init__(self, a: int, b: int, *, first: bool) -> None:
        super().__init__()
        self.first, self.rectify = first, Rectifier()
        self.conv1, self.conv2 = nn.Conv2d(a, b, 3, padding=1), ConvPool(b, b)
        self.shortcut = nn.Conv2d(a, b, 1)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, A, 2H, 2W) -> (N, B, H, W)."""
        h = self.conv2(self.rectify(self.conv1(x if self.first else self.rectify(x))))
        y: Tensor = h + self.shortcut(avg_pool2d(x, 2))
        return y


class UpBlock(nn.Module):
    """Residual block that doubles the size, without norm."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = UpConv(a, b), nn.Conv2d(b, b, 3, padding=1)
        self.shortcut, self.rectify = nn.Conv2d(a, b, 1), Rectifier()

    def forward(self, x: Tensor) -> Tensor:
        """x (N, A, H, W) -> (N, B, 2H, 2W)."""
        h = self.conv2(self.rectify(self.conv1(self.rectify(x))))
        y: Tensor = h + interpolate(self.shortcut(x), scale_factor=2)  # they commute; the small map is cheaper
        return y


class Discriminator(nn.Module):
    """Images (N, C, H, W) -> features (N, 2P, F): P times those of the image, then those of each pixel.

    The encoder halves the image, and the sum over its last map judges the image. The decoder doubles the map again,
    beside the encoder's maps of the same size, and its last map judges each pixel. Every logit counts alike in a loss,
    so the image has as many as its pixels: both means then weigh one half.
    """

    def __init__(self, channels: int, widths: list[int]) -> None:
        super().__init__()
        self.feature_dim = widths[0]
        self.encoder = nn.ModuleList(
            DownBlock(a, b, first=i == 0) for i, (a, b) in enumerate(pairwise([channels, *widths]))
        )
        outs = [*widths[-2::-1], widths[0]]  # the last map, of the size of the image, is as wide as the one before
        ins = [widths[-1], *(2 * width for width in outs[:-1])]  # a map and that of the encoder beside it
        self.decoder = nn.ModuleList(UpBlock(a, b) for a, b in zip(ins, outs, strict=True))
        self.rectify, self.reduce = Rectifier(), nn.Linear(widths[-1], self.feature_dim, bias=False)
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, H, W) -> (N, 2P, F)."""
        maps = []
        for down in self.encoder:
            x = down(x)
            maps.append(x)
        image = self.reduce(self.rectify(x).sum(dim=(2, 3)))  # (N, F)
        skipped = [None, *maps[-2::-1]]
        for up, beside in zip(self.decoder, skipped, strict=True):
            x = up(x if beside is None else torch.cat([x, beside], dim=1))
        pixels = x.flatten(2).transpose(1, 2)  # (N, P, F)
        return torch.cat([image[:, None].expand_as(pixels), pixels], dim=1)


def initialise(network: nn.Module) -> None:
    """Draw orthogonal weights, biases 0, as BigGAN's. arXiv:1809.11096, Sec. 3."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.orthogonal_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
