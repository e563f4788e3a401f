"""Layers with an equalised learning rate, Fourier features, and the layer of StyleGAN3.

Shape letters: N batch, A, B, C channels, H, W height and width; W of styles is named w (N, W).
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, linear

from ganzoo_stylegan3.filters import FilteredRectifier, design_filter
from ganzoo_stylegan3.plan import Band

MAGNITUDE_DECAY = 0.999
TAPS = 6
"""Taps of a filter for each pixel of the lower sampling rate."""
TO_IMAGE = 0.25
"""Factor of the image, so that it starts with a standard deviation of 1/4."""


class Linear(nn.Module):
    """Fully connected with an equalised learning rate, arXiv:1710.10196, Sec. 4.1: (N, A) -> (N, B)."""

    def __init__(self, a: int, b: int, *, bias: float = 0.0, lr_multiplier: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(b, a) / lr_multiplier)
        self.bias = nn.Parameter(torch.full((b,), bias / lr_multiplier))
        self.scale, self.lr_multiplier = lr_multiplier / math.sqrt(a), lr_multiplier

    def forward(self, x: Tensor) -> Tensor:
        """x (N, A) -> (N, B)."""
        return linear(x, self.weight * self.scale, self.bias * self.lr_multiplier)


class FourierFeatures(nn.Module):
    """w (N, W) -> maps (N, C, H, W) of waves in the band, turned and moved by w. Sec. 3.2 and Appendix F."""

    frequencies: Tensor
    phases: Tensor

    def __init__(self, band: Band, w_dim: int) -> None:
        super().__init__()
        self.band = band
        directions = torch.randn(band.channels, 2)
        radii = directions.norm(dim=1, keepdim=True)
        self.register_buffer("frequencies", directions / (radii * radii.square().exp() ** 0.25) * band.cutoff)
        self.register_buffer("phases", torch.rand(band.channels) - 0.5)
        self.weight = nn.Parameter(torch.randn(band.channels, band.channels))
        self.place = Linear(w_dim, 4)  # cosine and sine of the turn, and the shift in images
        with torch.no_grad():
            self.place.weight.zero_()
            self.place.bias[0] = 1.0

    def forward(self, w: Tensor) -> Tensor:
        """w (N, W) -> (N, C, H, W)."""
        place = self.place(w)
        cosine, sine, right, down = (place / place[:, :2].norm(dim=1, keepdim=True)).unbind(dim=1)
        turn = torch.stack([torch.stack([cosine, -sine], dim=1), torch.stack([sine, cosine], dim=1)], dim=1)
        waves = self.frequencies @ turn  # (N, C, 2)
        phases = self.phases - (waves @ torch.stack([right, down], dim=1)[:, :, None]).squeeze(2)  # (N, C)
        over = (waves.norm(dim=2) - self.band.cutoff) / (self.band.rate / 2 - self.band.cutoff)
        amplitudes = (1 - over).clamp(0, 1)  # turning may move a wave beyond the band
        x = torch.einsum("nca,hwa->nchw", waves, self._grid(w)) + phases[:, :, None, None]
        x = torch.sin(2 * math.pi * x) * amplitudes[:, :, None, None]
        return torch.einsum("bc,nchw->nbhw", self.weight / math.sqrt(self.band.channels), x)

    def _grid(self, like: Tensor) -> Tensor:
        """Return the places of the pixels, (H, W, 2) with x and y: the image reaches from -1/2 to 1/2."""
        size, rate = self.band.size, self.band.rate
        places = (torch.arange(size, device=like.device, dtype=like.dtype) + 0.5 - size / 2) / rate
        down, right = torch.meshgrid(places, places, indexing="ij")
        return torch.stack([right, down], dim=2)


class Layer(nn.Module):
    """Modulated convolution, then a filtered rectifier: (x (N, A, H, W), w (N, W)) -> (N, B, H', W'). Fig. 4b.

    The input is divided by a running mean of its magnitude. `to_image` is 1 x 1, without demodulation and rectifier.
    """

    magnitude: Tensor

    def __init__(self, before: Band, after: Band, w_dim: int, *, to_image: bool) -> None:
        super().__init__()
        self.kernel, self.to_image = (1 if to_image else 3), to_image
        self.weight = nn.Parameter(torch.randn(after.channels, before.channels, self.kernel, self.kernel))
        self.bias = nn.Parameter(torch.zeros(after.channels, 1, 1))
        self.style = Linear(w_dim, before.channels, bias=1.0)
        self.register_buffer("magnitude", torch.ones(()))
        self.rectify = self._make_rectifier(before, after)

    def _make_rectifier(self, before: Band, after: Band) -> FilteredRectifier:
        """Return the nonlinearity, at twice the higher of both sampling rates."""
        rate = max(before.rate, after.rate) * (1 if self.to_image else 2)
        up, down = rate // before.rate, rate // after.rate
        rise_taps, fall_taps = (TAPS * n if n > 1 and not self.to_image else 1 for n in (up, down))
        rise = design_filter(rise_taps, before.cutoff, 2 * before.half_width, rate)
        fall = design_filter(fall_taps, after.cutoff, 2 * after.half_width, rate)
        total = (after.size - 1) * down + 1 - (before.size + self.kernel - 1) * up + rise_taps + fall_taps - 2
        left = (total + up) // 2  # half a pixel more on this side, where the zeros are not
        return FilteredRectifier(rise, fall, (up, down), (left, total - left), 1.0 if self.to_image else 0.2)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """x (N, A, H, W), w (N, W) -> (N, B, H', W')."""
        if self.training:
            with torch.no_grad():
                self.magnitude.lerp_(x.float().square().mean(), 1 - MAGNITUDE_DECAY)
        weight, style = self.weight, self.style(w)
        if self.to_image:
            style = style / math.sqrt(weight[0].numel())
        x = conv2d(x * (style * self.magnitude.rsqrt())[:, :, None, None], weight, padding=self.kernel - 1)
        if not self.to_image:
            squares = style.square() @ weight.square().sum(dim=(2, 3)).T  # (N, A) x (A, B)
            x = x * torch.rsqrt(squares + 1e-8)[:, :, None, None]
        x = self.rectify(x + self.bias)
        return x * TO_IMAGE if self.to_image else x
