"""Linear discriminant analysis: a classifier of feature rows that takes one solution of linear equations to learn."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

SHRINKAGE = 0.1
"""Share of the covariance that is replaced by its mean variance, so that few rows of many features do."""


class Discriminant(NamedTuple):
    """Classes as normal distributions of one covariance. Fisher 1936, doi:10.1111/j.1469-1809.1936.tb02137.x."""

    centre: Tensor
    """Mean of all rows (D,)."""
    weight: Tensor
    """(D, K)."""
    bias: Tensor
    """(K,)."""

    def classify(self, rows: Tensor) -> Tensor:
        """Return the most likely class of each of the rows (N, D): int64 (N,)."""
        return ((rows.double() - self.centre) @ self.weight + self.bias).argmax(dim=1)


def fit_discriminant(rows: Tensor, y: Tensor, num_classes: int) -> Discriminant:
    """Learn the classes y (N,) in [0, K), each of which has rows, from their features (N, D); all are equally likely.

    The covariance within classes is shrunk as in Friedman 1989, doi:10.1080/01621459.1989.10478752, Eq. 18.
    """
    rows = rows.double()
    centre = rows.mean(dim=0)
    basis = _span(rows - centre)
    x = (rows - centre) @ basis
    means = torch.stack([x[y == k].mean(dim=0) for k in range(num_classes)])
    within = x - means[y]
    covariance = within.T @ within / len(x)
    ridge = covariance.trace() / rows.shape[1]
    identity = torch.eye(len(covariance), dtype=x.dtype, device=x.device)
    shrunk = (1 - SHRINKAGE) * covariance + (SHRINKAGE * ridge + 1e-12) * identity
    weight = torch.linalg.solve(shrunk, means.T)  # (D', K)
    return Discriminant(centre, basis @ weight, -0.5 * (means.T * weight).sum(dim=0))


def _span(rows: Tensor) -> Tensor:
    """Return an orthonormal basis (D, D') of a space that holds the rows (N, D): all of it unless N < D.

    Means of classes differ within that space alone, and outside the shrunk covariance is the same in all directions.
    """
    n, d = rows.shape
    return torch.linalg.qr(rows.T).Q if n < d else torch.eye(d, dtype=rows.dtype, device=rows.device)
