"""Convolutions between one grey channel and many: on a CPU products of patches, where oneDNN would pad 1 to 8."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import fold, unfold

from ganzoo.layers import Shortcut

_SIDE, _STRIDE, _PADDING = 4, 2, 1
_GEOMETRY = {"kernel_size": _SIDE, "stride": _STRIDE, "padding": _PADDING}


class HalvingConv(nn.Conv2d, Shortcut):
    """The first convolution of D, 4 x 4 with stride 2: images (N, A, 2H, 2W) -> (N, B, H, W)."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__(a, b, _SIDE, _STRIDE, _PADDING)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, A, 2H, 2W) -> (N, B, H, W)."""
        if self.literal or not _is_grey(x, self.in_channels):
            return super().forward(x)
        assert self.bias is not None
        height, width = x.shape[2] // _STRIDE, x.shape[3] // _STRIDE
        patches = unfold(x, **_GEOMETRY).transpose(1, 2).reshape(-1, _SIDE**2)  # (NHW, 16)
        y = torch.addmm(self.bias, patches, self.weight.flatten(1).t())  # (NHW, B)
        return y.reshape(x.shape[0], height, width, -1).permute(0, 3, 1, 2)


class DoublingConv(nn.ConvTranspose2d, Shortcut):
    """The last convolution of G, 4 x 4 and transposed with stride 2: (N, A, H, W) -> images (N, B, 2H, 2W)."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__(a, b, _SIDE, _STRIDE, _PADDING)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """x (N, A, H, W) -> (N, B, 2H, 2W)."""
        if self.literal or not _is_grey(x, self.out_channels):
            return super().forward(x, output_size)
        assert self.bias is not None
        size = x.shape[2] * _STRIDE, x.shape[3] * _STRIDE
        patches = x.permute(0, 2, 3, 1).flatten(0, 2) @ self.weight.flatten(1)  # (NHW, 16)
        patches = patches.reshape(x.shape[0], -1, _SIDE**2).transpose(1, 2)  # (N, 16, HW)
        return fold(patches, size, **_GEOMETRY) + self.bias.reshape(-1, 1, 1)


def _is_grey(x: Tensor, channels: int) -> bool:
    return channels == 1 and x.device.type == "cpu"
