"""How steep the critic is where it is used, and how many of its weights lie at the edge of what clipping allows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ganzoo.contracts import Critic
from ganzoo.layers import gradient_norm, interpolate

EDGE = 0.02
"""A weight this near to the clip value, as a share of it, lies at the edge."""


class Slopes(NamedTuple):
    """||d critic(x) / dx||_2 at samples, one number each, without gradient."""

    real: Tensor
    """(N,)."""
    fake: Tensor
    """(N,)."""
    between: Tensor
    """(N,), at points on the lines between pairs: where arXiv:1704.00028, Proposition 1, has the best critic at 1."""


def slopes(critic: Critic, *, real: Tensor, fake: Tensor) -> Slopes:
    """real, fake: samples (N, *shape) -> the critic's slope there and in between.

    Works whatever bounds it. Where logits depend on the batch (batch normalisation), a slope is that of the sum of all
    logits with respect to one sample.
    """
    points = (real, fake, interpolate(real, fake))
    return Slopes(*(gradient_norm(critic, x).detach() for x in points))


def near_limit(weights: Iterable[Tensor], limit: float) -> float:
    """Return the share of weights with |w| > (1 - EDGE) * limit, in [0, 1]: those that clipping pushed to an end."""
    flat = torch.cat([weight.detach().flatten() for weight in weights])
    return float((flat.abs() > (1 - EDGE) * limit).double().mean())


def lipschitz_bound(norms: Iterable[float]) -> float:
    """Return the product of the layers' norms: no slope of a plain stack of layers and rectifiers is above it."""
    return float(torch.tensor(list(norms), dtype=torch.float64).prod())


def weights_of(network: nn.Module) -> list[Tensor]:
    """Return all parameters, as the clipping of arXiv:1701.07875 takes them: biases too."""
    return list(network.parameters())
