"""Orthonormal weights by Bjorck's iteration, and GroupSort: a D whose slope is 1 almost everywhere."""

import math
from dataclasses import dataclass
from typing import Annotated

import torch
from annotated_types import Ge, Le
from torch import Tensor, nn
from torch.nn.utils import parametrize

import ganzoo
from ganzoo_enforcers.activations import replace_activations

NORMS = (nn.modules.batchnorm._NormBase, nn.GroupNorm, nn.LayerNorm)
LAYERS = (nn.modules.conv._ConvNd, nn.Linear, nn.Embedding)


class Orthonormal(nn.Module):
    """Weights (out, ...) -> weights of the same shape, whose rows or columns are orthonormal, times `scale`."""

    def __init__(self, iterations: int, scale: float) -> None:
        super().__init__()
        self.iterations, self.scale = iterations, scale

    def forward(self, weight: Tensor) -> Tensor:
        """Weight (out, ...) -> (out, ...)."""
        return self.scale * orthonormalize(weight.flatten(1), self.iterations).reshape(weight.shape)


def orthonormalize(W: Tensor, iterations: int) -> Tensor:
    """Return the nearest matrix (A, B) with singular values of 1, or with smaller ones before the iteration ends.

    W <- W (3 I - W^T W) / 2 moves each singular value in (0, 1] to 1, by a factor of at most 1.5 in a step. Bjorck and
    Bowie 1971, doi:10.1137/0708036, of order 1.
    """
    W = W / bound_of_norm(W.detach()).clamp(min=1e-12)
    for _ in range(iterations):
        gram = W @ W.T @ W if len(W) <= W.shape[1] else W @ (W.T @ W)
        W = 1.5 * W - 0.5 * gram
    return W


def bound_of_norm(W: Tensor) -> Tensor:
    """Return a number of at least the largest singular value: the root of the largest sums of a row and a column."""
    return (W.abs().sum(dim=0).max() * W.abs().sum(dim=1).max()).sqrt()


class GroupSort2(nn.Module):
    """Sort pairs of channels: (N, C, ...) -> (N, C, ...), first the larger, then the smaller; an odd last one stays."""

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, ...) -> (N, C, ...)."""
        pairs = x.shape[1] // 2
        a, b, rest = x[:, :pairs], x[:, pairs : 2 * pairs], x[:, 2 * pairs :]
        return torch.cat([torch.maximum(a, b), torch.minimum(a, b), rest], dim=1)


@dataclass(frozen=True)
class Bjorck(ganzoo.LipschitzEnforcer):
    """Make the weights of D orthonormal and its activations sorts. Anil et al. 2019, arXiv:1811.05381, Sec. 4.

    Each linear layer, convolution and embedding gets its nearest orthonormal matrix, by `iterations` of Bjorck's
    method, and each activation that is a module becomes GroupSort of pairs of channels. A chain of such layers, as in
    the D of mlp and dcgan, has a slope of at most 1, and no layer makes gradients smaller where its weight is square or
    wide. Residual blocks add up, and D's slope may be larger.
    A convolution is the matrix (out, in * kernel), divided by the root of how many windows read a pixel, so that its
    slope is at most 1 too, but mostly less; the paper has linear layers. A like bound is in arXiv:1704.08847.
    """

    per_sample = True  # batch norm would rescale the layers again, and void the bound
    iterations: Annotated[int, Ge(1), Le(1000)] = 10
    """Steps of Bjorck's iteration at each pass; a singular value of 0.03 needs 10."""
    sort: bool = True
    """True to replace activations by GroupSort; False keeps them."""

    def constrain(self, discriminator: nn.Module) -> nn.Module:
        """Raises ConfigError for a D with a norm, which would void the bound, or without activations to replace."""
        for layer in list(discriminator.modules()):
            if isinstance(layer, NORMS):
                what = f"{type(layer).__name__} in D rescales the layers that lipschitz 'bjorck' makes orthonormal"
                raise ganzoo.ConfigError(what, hint="--set model.norm_d=none, or --lipschitz gp")
            if isinstance(layer, LAYERS):
                orthonormal = Orthonormal(self.iterations, 1 / math.sqrt(windows(layer)))
                parametrize.register_parametrization(layer, "weight", orthonormal)
        if self.sort:
            replace_activations(discriminator, lambda part: GroupSort2(), "bjorck")
        return discriminator


def windows(layer: nn.Module) -> int:
    """Return how many windows of a convolution read one pixel at most; 1 for other layers."""
    if not isinstance(layer, nn.modules.conv._ConvNd):
        return 1
    return math.prod(math.ceil(size / step) for size, step in zip(layer.kernel_size, layer.stride, strict=True))
