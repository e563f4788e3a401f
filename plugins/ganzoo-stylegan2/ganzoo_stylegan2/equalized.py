"""Layers with an equalised learning rate. Karras et al. 2018, arXiv:1710.10196, Sec. 4.1.

Weights start as N(0, 1) and are scaled at each use. A step of Adam, whose length does not depend on that of the
gradient, then changes every layer by the same fraction.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, linear

from ganzoo import Rectifier


class Linear(nn.Module):
    """Fully connected, (N, A) -> (N, B). It learns its weight and its bias divided by `lr_multiplier`."""

    def __init__(self, a: int, b: int, *, bias: float = 0.0, lr_multiplier: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(b, a) / lr_multiplier)
        self.bias = nn.Parameter(torch.full((b,), bias / lr_multiplier))
        self.scale, self.lr_multiplier = lr_multiplier / math.sqrt(a), lr_multiplier

    def forward(self, x: Tensor) -> Tensor:
        """x (N, A) -> (N, B)."""
        return linear(x, self.weight * self.scale, self.bias * self.lr_multiplier)


class Conv(nn.Module):
    """Convolution, (N, A, H, W) -> (N, B, H', W'); by default the padding keeps H' = H at stride 1."""

    def __init__(self, a: int, b: int, kernel: int, *, stride: int = 1, padding: int | None = None, bias: bool = True):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(b, a, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(b)) if bias else None
        self.scale = 1 / math.sqrt(a * kernel**2)
        self.stride, self.padding = stride, kernel // 2 if padding is None else padding

    def forward(self, x: Tensor) -> Tensor:
        """x (N, A, H, W) -> (N, B, H', W')."""
        return conv2d(x, self.weight * self.scale, self.bias, self.stride, self.padding)


class Activation(Rectifier):
    """LeakyReLU 0.2 times sqrt(2), which keeps the second moment of symmetric inputs near 1. Any shape."""

    def __init__(self) -> None:
        super().__init__(0.2)

    def forward(self, x: Tensor) -> Tensor:
        """Of the same shape as x."""
        return super().forward(x) * math.sqrt(2)
