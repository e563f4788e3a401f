"""Frechet distance between two sets of features taken as Gaussians: FID, if the features are Inception's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ganzoo.builtin.metrics.intervals import with_error
from ganzoo.builtin.metrics.requirements import require
from ganzoo.contracts import FeatureSet, Metric, Score

EPS = torch.finfo(torch.float64).eps
BLOCK = 4096  # rows that are float64 at a time


def square_root(covariance: Tensor) -> Tensor:
    """Return the symmetric square root of a covariance: float64 (D, D), positive semi-definite -> float64 (D, D).

    Eigenvalues up to D * eps of the largest are rounding errors, and count as 0.
    """
    values, vectors = torch.linalg.eigh(covariance)
    assert values[0] >= -1e-6 * values[-1], f"not a covariance: eigenvalues {values[0]} to {values[-1]}"
    roots = values.where(values > _rounding(values), 0).sqrt()
    root: Tensor = vectors * roots @ vectors.T
    return root


def frechet_distance(real: FeatureSet, fake: FeatureSet) -> float:
    """|mu_r - mu_f|^2 + tr(Sigma_r + Sigma_f - 2 (Sigma_r Sigma_f)^(1/2)), >= 0. arXiv:1706.08500, Eq. 6.

    Reads mean, covariance and count of both, and `real.root` where it is known. Distances of equal sets come
    out within rounding of 0, which is about 1e-7 of the traces.
    """
    return _distance(real, fake, torch.linalg.eigvalsh(_product(_root(real), fake)))


def influence(real: FeatureSet, fake: FeatureSet) -> Tensor:
    """Return how the distance changes with the weight of each generated row: float64 (R,), up to a constant."""
    root = _root(real)
    return _influence(real, fake, root, *torch.linalg.eigh(_product(root, fake)))


@dataclass(frozen=True)
class FrechetDistance(Metric):
    """Frechet distance of two Gaussians fitted to features. Heusel et al. 2017, arXiv:1706.08500, Eq. 6.

    |mu_r - mu_f|^2 + tr(Sigma_r + Sigma_f - 2 (Sigma_r Sigma_f)^(1/2)), Dowson and Landau 1982.

    The 95 % interval is about the mean of this distance over other draws of as many generated images, the
    reference held fixed. It does not contain the bias: with n generated images the distance is too large by
    about a constant / n, however narrow the interval (`fid-infinity` extrapolates). Nor does it contain other
    reference images or other trainings. Where n is below the number of features it is rather too wide.
    """

    def compute(self, *, real: FeatureSet, fake: FeatureSet) -> Mapping[str, Score]:
        require(real=real, fake=fake)
        root = _root(real)
        values, vectors = torch.linalg.eigh(_product(root, fake))
        distance = _distance(real, fake, values)
        error = _influence(real, fake, root, values, vectors).std().item() / fake.count**0.5
        return {"FD": with_error(distance, error, "lower", floor=0.0)}


def _root(real: FeatureSet) -> Tensor:
    return square_root(real.covariance) if real.root is None else real.root


def _product(root: Tensor, fake: FeatureSet) -> Tensor:
    """M = S Sigma_f S, S = Sigma_r^(1/2): symmetric, with the eigenvalues of Sigma_r Sigma_f."""
    return root @ fake.covariance @ root


def _distance(real: FeatureSet, fake: FeatureSet, values: Tensor) -> float:
    """The distance from the eigenvalues of M, ascending."""
    shift = (fake.mean - real.mean).square().sum()
    traces = real.covariance.trace() + fake.covariance.trace()
    distance = (shift + traces).item() - 2 * _trace_of_root(real, fake, values)
    assert distance >= -1e-3 * traces.item(), f"a squared distance of {distance}"  # far beyond rounding
    return max(0.0, distance)


def _trace_of_root(real: FeatureSet, fake: FeatureSet, values: Tensor) -> float:
    """tr (Sigma_r Sigma_f)^(1/2): the sum of the roots of the eigenvalues of M.

    With as few images as features a covariance is singular. Eigenvalues that should be 0 are then rounding
    errors of the order eps, whose roots, of the order 1e-8 each, move the fifth digit of the distance. There
    it is torch-fidelity's rounding that is taken: eigenvalues of the product itself, which has no symmetry.
    """
    if min(real.count, fake.count) > len(values):
        return values.clamp(min=0).sqrt().sum().item()
    product = fake.covariance.cpu().numpy() @ real.covariance.cpu().numpy()
    return float(np.sqrt(np.linalg.eigvals(product).astype(complex)).real.sum())


def _influence(real: FeatureSet, fake: FeatureSet, root: Tensor, values: Tensor, vectors: Tensor) -> Tensor:
    """The derivative of the distance along (1 - t) F + t (point mass at x), at t = 0, for each row x of F.

    Then mu_f moves by y = x - mu_f and Sigma_f by y y^T - Sigma_f. As d tr M^(1/2) = tr(M^(-1/2) dM) / 2,

        2 (mu_f - mu_r).y + y^T A y - tr(A Sigma_f),   A = I - S M^(-1/2) S,   M = S Sigma_f S,

    whose last term is the same for all x, and left out. M^(-1/2) is the inverse on the range of M: S y lies
    in it for each row of the set that Sigma_f was computed from. The standard deviation of this over the
    rows, divided by sqrt(n), is the standard error of the distance (infinitesimal jackknife).
    """
    kept = values > _rounding(values)
    half = root @ (vectors[:, kept] * values[kept] ** -0.25)  # (D, rank): y^T S M^(-1/2) S y = |half^T y|^2
    shift = 2 * (fake.mean - real.mean)
    centred = (rows.double() - fake.mean for rows in torch.split(fake.rows, BLOCK))
    return torch.cat([y @ shift + y.square().sum(dim=1) - (y @ half).square().sum(dim=1) for y in centred])


def _rounding(values: Tensor) -> Tensor:
    """Bound of the rounding errors in the eigenvalues, ascending, of a positive semi-definite matrix."""
    return len(values) * EPS * values[-1].clamp(min=0)
