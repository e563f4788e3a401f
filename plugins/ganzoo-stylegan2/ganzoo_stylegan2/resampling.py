"""Changes of size with the filter [1, 3, 3, 1]. Karras et al. 2020, arXiv:1912.04958, Appendix B, after Zhang 2019."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d


class Filter(nn.Module):
    """The outer product of [1, 3, 3, 1] with itself, sum 1, on each channel alone."""

    kernel: Tensor

    def __init__(self) -> None:
        super().__init__()
        taps = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
        self.register_buffer("kernel", torch.outer(taps, taps)[None, None], persistent=False)  # (1, 1, 4, 4)

    def blur(self, x: Tensor, padding: int, stride: int = 1) -> Tensor:
        """x (N, C, H, W) -> (N, C, H', W'), H' = (H + 2 padding - 4) // stride + 1; zeros beyond the edges."""
        return conv2d(x, self._of_each(x), stride=stride, padding=padding, groups=x.shape[1])

    def _of_each(self, x: Tensor) -> Tensor:
        return self.kernel.to(x.dtype).expand(x.shape[1], 1, 4, 4)


class Downsample(Filter):
    """Halves height and width: (N, C, 2H, 2W) -> (N, C, H, W)."""

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, 2H, 2W) -> (N, C, H, W)."""
        return self.blur(x, padding=1, stride=2)


class Upsample(Filter):
    """Doubles height and width: (N, C, H, W) -> (N, C, 2H, 2W)."""

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, H, W) -> (N, C, 2H, 2W)."""
        kernel = 4 * self._of_each(x)  # of every 16 taps 4 meet a pixel
        return conv_transpose2d(x, kernel, stride=2, padding=1, groups=x.shape[1])
