"""Residual blocks of BigGAN and of BigGAN-deep. arXiv:1809.11096, Appendix B, Fig. 15 and 16.

Shape letters: N batch, A, B channels in and out, H, W height and width, E condition: latent and label embedding.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from ganzoo import ConditionalBatchNorm, ConvPool, Rectifier, UpConv

BOTTLENECK = 4
"""A deep block has a quarter of the channels between its 1 x 1 convolutions."""


def _conv(a: int, b: int, kernel: int) -> nn.Conv2d:
    return nn.Conv2d(a, b, kernel, padding=kernel // 2)


class UpBlock(nn.Module):
    """Block of G that doubles the size, with conditional batch norm. Fig. 15 (b)."""

    def __init__(self, a: int, b: int, embedding_dim: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = ConditionalBatchNorm(a, embedding_dim), UpConv(a, b)
        self.norm2, self.conv2 = ConditionalBatchNorm(b, embedding_dim), _conv(b, b, 3)
        self.shortcut, self.rectify = _conv(a, b, 1), Rectifier()

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """x (N, A, H, W), c (N, E) -> (N, B, 2H, 2W)."""
        h = self.conv1(self.rectify(self.norm1(x, c)))
        h = self.conv2(self.rectify(self.norm2(h, c)))
        y: Tensor = h + interpolate(self.shortcut(x), scale_factor=2)  # they commute; the small map is cheaper
        return y


class DownBlock(nn.Module):
    """Block of D; `down` halves the size. `first` reads the image, so it starts without a rectifier. Fig. 15 (c)."""

    def __init__(self, a: int, b: int, *, down: bool, first: bool = False) -> None:
        super().__init__()
        self.down, self.first, self.rectify = down, first, Rectifier()
        self.conv1, self.conv2 = _conv(a, b, 3), ConvPool(b, b) if down else _conv(b, b, 3)
        self.shortcut = _conv(a, b, 1) if down or a != b else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """x (N, A, H, W) -> (N, B, H / 2, W / 2), or (N, B, H, W) if not `down`."""
        h = self.conv2(self.rectify(self.conv1(x if self.first else self.rectify(x))))
        y: Tensor = h + self.shortcut(avg_pool2d(x, 2) if self.down else x)
        return y


class DeepUpBlock(nn.Module):
    """Bottleneck block of G; `up` doubles the size. The shortcut keeps the first B of A channels. Fig. 16 (b)."""

    def __init__(self, a: int, b: int, embedding_dim: int, *, up: bool) -> None:
        super().__init__()
        narrow = max(a // BOTTLENECK, 1)
        self.norms = nn.ModuleList(ConditionalBatchNorm(n, embedding_dim) for n in (a, narrow, narrow, narrow))
        widen = UpConv(narrow, narrow) if up else _conv(narrow, narrow, 3)
        self.convs = nn.ModuleList([_conv(a, narrow, 1), widen, _conv(narrow, narrow, 3), _conv(narrow, b, 1)])
        self.up, self.channels, self.rectify = up, b, Rectifier()

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """x (N, A, H, W), c (N, E) -> (N, B, 2H, 2W), or (N, B, H, W) if not `up`."""
        h = x
        for norm, conv in zip(self.norms, self.convs, strict=True):
            h = conv(self.rectify(norm(h, c)))
        x = x[:, : self.channels]
        return h + (interpolate(x, scale_factor=2) if self.up else x)


class DeepDownBlock(nn.Module):
    """Bottleneck block of D; `down` halves the size. A 1 x 1 convolution adds what B has over A. Fig. 16 (c)."""

    def __init__(self, a: int, b: int, *, down: bool) -> None:
        super().__init__()
        narrow = max(b // BOTTLENECK, 1)
        inner = [_conv(a, narrow, 1), _conv(narrow, narrow, 3), _conv(narrow, narrow, 3)]
        self.convs, self.last = nn.ModuleList(inner), _conv(narrow, b, 1)
        self.more = _conv(a, b - a, 1) if b > a else None
        self.down, self.rectify = down, Rectifier()

    def forward(self, x: Tensor) -> Tensor:
        """x (N, A, H, W) -> (N, B, H / 2, W / 2), or (N, B, H, W) if not `down`."""
        h = x
        for conv in self.convs:
            h = conv(self.rectify(h))
        h = self.rectify(h)
        if self.down:
            h, x = avg_pool2d(h, 2), avg_pool2d(x, 2)
        if self.more is not None:
            x = torch.cat([x, self.more(x)], dim=1)
        y: Tensor = self.last(h) + x
        return y
