"""The residual block and the two changes of size. Shape letters: N batch, C channels, H, W height and width."""

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

import ganzoo

SLOPE = 0.2
"""Slope of the leaky rectifiers."""


def draw(layer: nn.Conv2d | nn.Linear, gain: float = 1.0) -> None:
    """Draw weights from N(0, gain^2 / fan-in), so that gain 1 keeps the variance; set biases to 0."""
    nn.init.normal_(layer.weight, 0.0, gain / layer.weight[0].numel() ** 0.5)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


class Residual(nn.Module):
    """x + a branch that widens, mixes pixels within groups of channels, and narrows. arXiv:2501.05441, Sec. 3.

    Without normalisation the branch starts at zero, and its other layers shrink with the number of blocks `depth` to
    the power -1 / (2 m - 2), m = 3 layers: Fixup, Zhang et al. 2019, arXiv:1901.09321, Sec. 3. Only layers
    before rectifiers have biases.
    """

    def __init__(self, width: int, hidden: int, group_width: int, depth: int) -> None:
        super().__init__()
        self.widen = nn.Conv2d(width, hidden, 1)
        self.mix = nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden // group_width)
        self.narrow = nn.Conv2d(hidden, width, 1, bias=False)
        self.rectify = ganzoo.Rectifier(SLOPE)
        gain = nn.init.calculate_gain("leaky_relu", SLOPE) * depth**-0.25
        draw(self.widen, gain)
        draw(self.mix, gain)
        nn.init.zeros_(self.narrow.weight)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, H, W) -> (N, C, H, W)."""
        h = self.rectify(self.mix(self.rectify(self.widen(x))))
        y: Tensor = x + self.narrow(h)
        return y


def smooth(x: Tensor) -> Tensor:
    """Average each pixel with the one before it, per axis; keep the edges: (N, C, H, W) -> (N, C, H + 1, W + 1)."""
    return avg_pool2d(x, 2, stride=1, padding=1, count_include_pad=False)


def double(x: Tensor) -> Tensor:
    """Upsample bilinearly with the filter [1, 2, 1] / 2: (N, C, H, W) -> (N, C, 2H, 2W).

    Pixel 2i is pixel i, pixel 2i + 1 the mean of i and i + 1: the filter is a mean of two repeated pixels.
    """
    return smooth(interpolate(x, scale_factor=2))[:, :, 1:, 1:]


def halve(x: Tensor) -> Tensor:
    """Downsample bilinearly with the filter [1, 2, 1] / 4: (N, C, 2H, 2W) -> (N, C, H, W).

    Pixel i is a quarter of pixel 2i - 1, half of 2i and a quarter of 2i + 1: the filter is a mean of means of two.
    """
    return avg_pool2d(smooth(x), 2)


class Up(nn.Module):
    """Double the size, then change to the width of the next stage."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        self.resize = change_width(a, b)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, A, H, W) -> (N, B, 2H, 2W)."""
        return double(self.resize(x))  # a 1 x 1 convolution commutes with a filter: on the small map it costs a quarter


class Down(Up):
    """Halve the size, then change to the width of the next stage."""

    def forward(self, x: Tensor) -> Tensor:
        """x (N, A, 2H, 2W) -> (N, B, H, W)."""
        y: Tensor = self.resize(halve(x))
        return y


def change_width(a: int, b: int) -> nn.Module:
    """Return a linear map of channels, (N, A, H, W) -> (N, B, H, W); the identity if A = B."""
    if a == b:
        return nn.Identity()
    layer = nn.Conv2d(a, b, 1, bias=False)
    draw(layer)
    return layer


class Basis(nn.Module):
    """The first map of G: 4 x 4 learned pictures, one per channel, each times a number that is linear in [z, c]."""

    def __init__(self, in_dim: int, width: int) -> None:
        super().__init__()
        self.pictures = nn.Parameter(torch.randn(1, width, 4, 4))
        self.weigh = nn.Linear(in_dim, width, bias=False)
        draw(self.weigh)

    def forward(self, z: Tensor) -> Tensor:
        """z (N, Z + E) -> (N, C, 4, 4)."""
        weights: Tensor = self.weigh(z)
        return self.pictures * weights[:, :, None, None]
