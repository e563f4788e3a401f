"""Layers, norms and slopes that built-in models and enforcers share with plugins.

ConvPool and UpConv fold a change of size into the 3 x 3 convolution beside it: nearest upsampling before one is a
transposed 4 x 4 convolution, and mean pooling after one is a strided 4 x 4 convolution. They need 4 of 9
multiplications per pixel and pair of channels, and give the same numbers to rounding. A Rectifier tells autograd that
its second derivative is zero, which saves a gradient penalty 2 of the 6 forward passes that it costs.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d, conv_transpose2d, leaky_relu

from ganzoo.contracts import Critic
from ganzoo.errors import ConfigError


class Shortcut(nn.Module):
    """A layer that computes its result in a cheaper way, equal to rounding."""

    literal = False
    """True computes the result in the usual way, as the baseline of `ganzoo bench` does."""


class Rectifier(Shortcut):
    """x where x > 0, else slope * x, for any shape: ReLU at slope 0, LeakyReLU above.

    A gradient penalty differentiates twice. torch's own rectifiers then send a gradient of zeros back through the
    whole critic; this one sends none. It does not work under transforms of torch.func, such as vmap.
    """

    def __init__(self, slope: float = 0.0) -> None:
        super().__init__()
        self.slope = slope

    def forward(self, x: Tensor) -> Tensor:
        """Rectify x (any shape) -> the same shape and type."""
        y: Tensor = leaky_relu(x, self.slope) if self.literal else _Rectify.apply(x, self.slope)
        return y

    def extra_repr(self) -> str:
        """Return the text that print(network) shows."""
        return f"slope={self.slope}"


class _Rectify(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, slope: float) -> Tensor:
        y = leaky_relu(x, slope)
        ctx.save_for_backward(y)  # the next layer keeps y anyway; y > 0 exactly where x > 0
        ctx.slope = slope
        ctx.set_materialize_grads(False)  # a missing gradient stays None, instead of becoming zeros
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
    """A 3 x 3 convolution with padding 1."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__(a, b, 3, padding=1)


class UpConv(_Resampling):
    """Double height and width by repeating pixels, then convolve: (N, A, H, W) -> (N, B, 2H, 2W)."""

    def forward(self, x: Tensor) -> Tensor:
        """x (N, A, H, W) -> (N, B, 2H, 2W)."""
        if self.literal:
            return super().forward(nn.functional.interpolate(x, scale_factor=2))
        kernel = 4 * _mean_of_shifts(self.weight.flip(2, 3)).transpose(0, 1)  # (A, B, 4, 4)
        return conv_transpose2d(x, kernel, self.bias, stride=2, padding=1)


class ConvPool(_Resampling):
    """Convolve, then average blocks of 2 x 2 pixels: (N, A, 2H, 2W) -> (N, B, H, W)."""

    def forward(self, x: Tensor) -> Tensor:
        """x (N, A, 2H, 2W) -> (N, B, H, W)."""
        if self.literal:
            return avg_pool2d(super().forward(x), 2)
        return conv2d(x, _mean_of_shifts(self.weight), self.bias, stride=2, padding=1)


def _mean_of_shifts(kernel: Tensor) -> Tensor:
    """Average the kernel over the four places where it fits: (B, A, 3, 3) -> (B, A, 4, 4)."""
    return avg_pool2d(kernel, 2, stride=1, padding=1)


Norm = Literal["batch", "layer", "none"]


def choose_norm(asked: str, *, per_sample: bool, unasked: Norm) -> Norm:
    """Return D's norm; "auto" means `unasked`, or none under a per-sample enforcer.

    Raises ConfigError if batch norm is asked for by name under a per-sample enforcer.
    """
    if asked == "batch" and per_sample:
        raise ConfigError(
            "batch norm in D makes each logit depend on the whole batch, so a per-sample enforcer "
            "(gp, lp, dragan, r1, r1r2, sn) bounds nothing; arXiv:1704.00028, Sec. 4",
            where="model.norm_d = batch",
            hint="--set model.norm_d=none, or --lipschitz clip",
        )
    if asked == "auto":
        return "none" if per_sample else unasked
    return asked  # type: ignore[return-value]


def norm_layer(norm: Norm, channels: int) -> nn.Module:
    """Return a norm of maps (N, C, H, W); "layer" normalises over C, H and W of each sample."""
    if norm == "batch":
        return nn.BatchNorm2d(channels)
    return nn.GroupNorm(1, channels) if norm == "layer" else nn.Identity()


class ConditionalBatchNorm(nn.Module):
    """Batch norm whose gain and bias come from the embedding c. de Vries et al. 2017, arXiv:1707.00683, Eq. 3.

    With E = 0 the gain and the bias are plain parameters, as in ordinary batch norm.
    """

    def __init__(self, channels: int, embedding_dim: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.gain, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        self.modulate = nn.Linear(embedding_dim, 2 * channels, bias=False) if embedding_dim else None

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """x (N, C, H, W), c (N, E) -> (N, C, H, W)."""
        gain, bias = self.gain, self.bias
        if self.modulate is not None:
            d_gain, d_bias = self.modulate(c).chunk(2, dim=1)  # (N, C) each
            gain, bias = gain + d_gain, bias + d_bias
        x = self.norm(x)
        return x * gain.reshape(-1, x.shape[1], 1, 1) + bias.reshape(-1, x.shape[1], 1, 1)


def gradient_norm(critic: Critic, x: Tensor) -> Tensor:
    """Return the critic's slope at each sample: (N, *shape) -> ||d critic(x) / dx||_2 (N,), float32, differentiable.

    Summing the logits gives per-sample gradients because logit n depends on sample n alone, which batch
    normalisation in the discriminator would break.
    """
    x = x.detach().requires_grad_(True)
    (gradient,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    norm: Tensor = gradient.float().flatten(1).norm(dim=1)
    return norm


def per_sample_uniform(x: Tensor) -> Tensor:
    """Draw one number of U[0, 1] per sample, not one per batch: (N, 1, ...), to broadcast over x."""
    return torch.rand(len(x), *[1] * (x.ndim - 1), device=x.device)


def interpolate(real: Tensor, fake: Tensor) -> Tensor:
    """Return points on the lines between pairs: (N, *shape). arXiv:1704.00028, Algorithm 1, line 6."""
    epsilon = per_sample_uniform(real)
    return epsilon * real + (1 - epsilon) * fake
