"""Layers that cost less than what they stand for, and give the same numbers to rounding.

Two changes of size are folded into the convolution of 3 x 3 beside them: nearest upsampling before one is a transposed
convolution of 4 x 4, and mean pooling after one is a strided convolution of 4 x 4. Of 9 multiplications per pixel and
pair of channels 4 remain. A rectifier tells autograd that its second derivative is nothing, which saves a gradient
penalty 2 of the 6 forward passes that it costs.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d, conv_transpose2d, interpolate, leaky_relu, pad


class Shortcut(nn.Module):
    """A layer that knows a cheaper way to its numbers."""

    literal = False
    """True takes the long way, as the loop does that speed is compared with."""


class Rectifier(Shortcut):
    """x where x > 0, else slope * x: ReLU at slope 0, LeakyReLU above. Any shape.

    A gradient penalty differentiates twice. torch's own rectifiers then send a gradient of zeros back through the
    whole critic; this one sends none. Not for transforms of torch.func, such as vmap.
    """

    def __init__(self, slope: float = 0.0) -> None:
        super().__init__()
        self.slope = slope

    def forward(self, x: Tensor) -> Tensor:
        """Of the same shape and type as x."""
        y: Tensor = leaky_relu(x, self.slope) if self.literal else _Rectify.apply(x, self.slope)
        return y

    def extra_repr(self) -> str:
        """What print(network) shows."""
        return f"slope={self.slope}"


class _Rectify(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, slope: float) -> Tensor:
        y = leaky_relu(x, slope)
        ctx.save_for_backward(y)  # which the next layer keeps anyway; y > 0 exactly where x > 0
        ctx.slope = slope
        ctx.set_materialize_grads(False)  # no gradient stays none, instead of becoming zeros
        return y

    @staticmethod
    def backward(ctx: Any, gradient: Tensor | None) -> tuple[Tensor | None, None]:
        if gradient is None:
            return None, None
        (y,) = ctx.saved_tensors
        return _Mask.apply(gradient, y, ctx.slope), None


class _Mask(torch.autograd.Function):
    """gradient where y > 0, else slope * gradient: linear in the gradient, constant in y."""

    @staticmethod
    def forward(ctx: Any, gradient: Tensor, y: Tensor, slope: float) -> Tensor:
        ctx.save_for_backward(y)
        ctx.slope = slope
        return torch.ops.aten.leaky_relu_backward(gradient, y, slope, True)  # type: ignore[no-any-return]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (y,) = ctx.saved_tensors
        return _Mask.apply(gradient, y, ctx.slope), None, None


class _Resampling(nn.Conv2d, Shortcut):
    """A convolution of 3 x 3 with padding 1."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__(a, b, 3, padding=1)


class UpConv(_Resampling):
    """Doubles height and width by repeating pixels, then convolves: (N, A, H, W) -> (N, B, 2H, 2W)."""

    def forward(self, x: Tensor) -> Tensor:
        """x (N, A, H, W) -> (N, B, 2H, 2W)."""
        if self.literal:
            return super().forward(interpolate(x, scale_factor=2))
        kernel = _sum_of_shifts(self.weight.flip(2, 3)).transpose(0, 1)  # (A, B, 4, 4)
        return conv_transpose2d(x, kernel, self.bias, stride=2, padding=1)


class ConvPool(_Resampling):
    """Convolves, then averages blocks of 2 x 2 pixels: (N, A, 2H, 2W) -> (N, B, H, W)."""

    def forward(self, x: Tensor) -> Tensor:
        """x (N, A, 2H, 2W) -> (N, B, H, W)."""
        if self.literal:
            return avg_pool2d(super().forward(x), 2)
        return conv2d(x, _sum_of_shifts(self.weight) / 4, self.bias, stride=2, padding=1)


def _sum_of_shifts(kernel: Tensor) -> Tensor:
    """(B, A, 3, 3) -> (B, A, 4, 4): its sum over the four places that it has in there."""
    rows = pad(kernel, (0, 0, 0, 1)) + pad(kernel, (0, 0, 1, 0))
    return pad(rows, (0, 1)) + pad(rows, (1, 0))
