"""Slopes of the critic where it is used, and what bounds them: norms of layers, clipped weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ganzoo.audit.batches import CHUNK
from ganzoo.audit.diversity import Numbers
from ganzoo.contracts import Critic
from ganzoo.layers import gradient_norm, interpolate

MOST = 256
"""Most samples at which slopes are taken."""
EDGE = 0.02
"""Share of the limit within which a weight counts as at the limit."""


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

    Where logits depend on the batch (batch normalisation), a slope is that of the sum of all logits with respect to
    one sample.
    """
    points = (real, fake, interpolate(real, fake))
    return Slopes(*(gradient_norm(critic, x).detach() for x in points))


def measure_slopes(D: nn.Module, *, real: Tensor, fake: Tensor, y: Tensor) -> Slopes:
    """Return D's slopes at the first MOST of the samples (N, *shape) with labels y (N,), CHUNK at a time."""
    parts = []
    for start in range(0, min(MOST, len(y)), CHUNK):
        some = slice(start, start + CHUNK)
        parts.append(slopes(_bind_labels(D, y[some]), real=real[some], fake=fake[some]))
    return Slopes(*(torch.cat(part) for part in zip(*parts, strict=True)))


def _bind_labels(D: nn.Module, y: Tensor) -> Critic:
    def critic(x: Tensor) -> Tensor:
        logits: Tensor = D(x, y).sample_logits
        return logits

    return critic


def describe_slopes(found: Slopes) -> Numbers:
    """Return the mean slope at each place, the largest of all, and the standard deviation between real and fake."""
    means = {f"slope/{where}": float(slope.mean()) for where, slope in found._asdict().items()}
    return means | {
        "slope/largest": float(torch.cat(found).max()),
        "slope/deviation": float(found.between.std(correction=0)),
    }


def describe_bounds(
    weights: Iterable[Tensor], layers: Mapping[str, Mapping[str, float]], limit: float | None
) -> Numbers:
    """Return the product of the norms of D's layers; if its weights have a limit, also the share of them that is there.

    Of `layers`, see `Audit.layers`, those count whose output the loss depends on. Weights include biases, as in the
    clipping of arXiv:1701.07875.
    """
    norms = [norm for name, norm in layers["spectral norm"].items() if name in layers["gradient"]]
    product = {"norms/product": lipschitz_bound(norms)}
    return product if limit is None else product | {"near limit": near_limit(weights, limit)}


def near_limit(weights: Iterable[Tensor], limit: float) -> float:
    """Return the share of weights with |w| > (1 - EDGE) * limit, in [0, 1]: those that clipping pushed to an end."""
    flat = torch.cat([weight.detach().flatten() for weight in weights])
    return float((flat.abs() > (1 - EDGE) * limit).double().mean())


def lipschitz_bound(norms: Iterable[float]) -> float:
    """Return the product of the layers' norms: no slope of a plain stack of layers and rectifiers is above it."""
    return float(torch.tensor(list(norms), dtype=torch.float64).prod())
