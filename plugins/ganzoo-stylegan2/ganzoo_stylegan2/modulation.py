"""Convolutions whose weights depend on the sample. Karras et al. 2020, arXiv:1912.04958, Sec. 2.2, Eq. 1-3."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d

from ganzoo_stylegan2.equalized import Activation, Linear
from ganzoo_stylegan2.resampling import Filter

_EPSILON = 1e-8  # Eq. 3, against a division by 0


class ModulatedConv(nn.Module):
    """Convolution of sample n with its own w'': w' = s[n, i] w[i, j, k], w'' = w' / ||w'[., j, .]||_2.

    By linearity, scaling the maps before and after the convolution gives the same with one kernel for all samples.
    Without `demodulate` w'' is w' / sqrt(fan-in). `up` doubles height and width: zeros between the pixels, the
    convolution, the filter [1, 3, 3, 1].
    """

    def __init__(self, a: int, b: int, kernel: int, w_dim: int, *, demodulate: bool = True, up: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(b, a, kernel, kernel))
        self.style = Linear(w_dim, a, bias=1.0)
        self.scale, self.demodulate = 1 / math.sqrt(a * kernel**2), demodulate
        self.filter = Filter() if up else None

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """x (N, A, H, W), w (N, W) -> (N, B, H, W), or (N, B, 2H, 2W) if `up`."""
        weight, style = self.weight * self.scale, self.style(w)  # (B, A, k, k), (N, A)
        x = self._convolve(x * style[:, :, None, None], weight)
        return x * self._demodulation(weight, style)[:, :, None, None] if self.demodulate else x

    def _demodulation(self, weight: Tensor, style: Tensor) -> Tensor:
        """Return 1 / ||w'||_2 of each output map of each sample: (N, B). Eq. 3."""
        squares = style.square() @ weight.square().sum(dim=(2, 3)).T  # (N, A) x (A, B)
        return torch.rsqrt(squares + _EPSILON)

    def _convolve(self, x: Tensor, weight: Tensor) -> Tensor:
        if self.filter is None:
            return conv2d(x, weight, padding=weight.shape[-1] // 2)
        x = conv_transpose2d(x, 4 * weight.transpose(0, 1), stride=2)  # (N, B, 2H + 1, 2W + 1); 4 for the zeros
        return self.filter.blur(x, padding=1)


class StyledConv(nn.Module):
    """Modulated 3 x 3 convolution, noise, bias, activation. arXiv:1912.04958, Fig. 2c.

    Noise is N(0, 1) per pixel, the same in all maps, times a strength that starts at 0. In training it is drawn anew;
    in eval mode it is a buffer, so that the latent determines the image.
    """

    noise: Tensor

    def __init__(self, a: int, b: int, size: int, w_dim: int, *, up: bool, noisy: bool) -> None:
        super().__init__()
        self.conv = ModulatedConv(a, b, 3, w_dim, up=up)
        self.bias, self.activate = nn.Parameter(torch.zeros(b, 1, 1)), Activation()
        self.strength = nn.Parameter(torch.zeros(())) if noisy else None
        self.register_buffer("noise", torch.randn(1, 1, size, size) if noisy else None)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """x (N, A, H, W), w (N, W) -> (N, B, H', W')."""
        x = self.conv(x, w)
        if self.strength is not None:
            x = x + self.strength * (torch.randn_like(x[:, :1]) if self.training else self.noise)
        y: Tensor = self.activate(x + self.bias)
        return y
