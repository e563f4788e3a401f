"""The residual discriminator. Karras et al. 2020, arXiv:1912.04958, Fig. 7c; minibatch deviation, arXiv:1710.10196."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from ganzoo_stylegan2.equalized import Activation, Conv, Linear
from ganzoo_stylegan2.generator import SMALLEST
from ganzoo_stylegan2.resampling import Downsample, Filter


class Block(nn.Module):
    """Halve the size: (convolutions + shortcut) / sqrt(2), to keep the second moment. arXiv:1912.04958, Fig. 7c."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        self.conv0, self.filter = Conv(a, a, 3), Filter()
        self.conv1, self.activate = Conv(a, b, 3, stride=2, padding=0), Activation()
        self.shortcut, self.downsample = Conv(a, b, 1, bias=False), Downsample()

    def forward(self, x: Tensor) -> Tensor:
        """x (N, A, 2H, 2W) -> (N, B, H, W)."""
        h: Tensor = self.filter.blur(self.activate(self.conv0(x)), padding=2)  # (N, A, 2H + 1, 2W + 1)
        h = self.activate(self.conv1(h)) + self.shortcut(self.downsample(x))
        return h / math.sqrt(2)


class MinibatchDeviation(nn.Module):
    """Append one map, the deviation among samples of a group. Karras et al. 2018, arXiv:1710.10196, Sec. 3.

    Standard deviation over the group for each value, averaged over all values: one number per group. A group
    has `group` samples, or else as many as the next smaller divisor of N.
    """

    def __init__(self, group: int) -> None:
        super().__init__()
        self.group = group

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, H, W) -> (N, C + 1, H, W)."""
        n, _, height, width = x.shape
        size = next(size for size in range(min(self.group, n), 0, -1) if n % size == 0)
        groups = x.float().reshape(size, n // size, *x.shape[1:])  # (size, N / size, C, H, W)
        variance = groups.var(dim=0, correction=0)
        deviation = (variance + 1e-8).sqrt().mean(dim=(1, 2, 3)).repeat(size)  # (N,); 1e-8: sqrt has a slope at 0
        return torch.cat([x, deviation.to(x.dtype)[:, None, None, None].expand(-1, 1, height, width)], dim=1)


class Discriminator(nn.Module):
    """Images (N, C, H, W) -> features (N, F).

    They are divided by sqrt(F), so that the head, which learns at the full rate, is no faster than these layers.
    """

    def __init__(self, channels: int, widths: list[int], group: int) -> None:
        super().__init__()
        last = widths[-1]
        self.from_image, self.activate = Conv(channels, widths[0], 1), Activation()
        self.blocks = nn.Sequential(*(Block(a, b) for a, b in pairwise(widths)))
        self.deviation = MinibatchDeviation(group) if group else nn.Identity()
        self.conv = Conv(last + (group > 0), last, 3)
        self.linear, self.feature_dim = Linear(last * SMALLEST**2, last), last

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, H, W) -> (N, F)."""
        h: Tensor = self.blocks(self.activate(self.from_image(x)))
        h = self.activate(self.conv(self.deviation(h)))
        h = self.activate(self.linear(h.flatten(1)))
        return h / math.sqrt(self.feature_dim)
