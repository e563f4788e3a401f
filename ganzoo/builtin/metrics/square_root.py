"""The square root in the Frechet distance: of one covariance, and of the product of two."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ganzoo.contracts import FeatureSet

EPS = torch.finfo(torch.float64).eps


def square_root(covariance: Tensor) -> Tensor:
    """Return the symmetric square root of a covariance: float64 (D, D), positive semi-definite -> float64 (D, D).

    Eigenvalues up to D * eps of the largest are rounding errors, and count as 0.
    """
    values, vectors = torch.linalg.eigh(covariance)
    assert values[0] >= -1e-6 * values[-1], f"not a covariance: eigenvalues {values[0]} to {values[-1]}"
    roots = values.where(values > rounding_error(values), 0).sqrt()
    root: Tensor = vectors * roots @ vectors.T
    return root


def trace_of_square_root(real: FeatureSet, fake: FeatureSet, eigenvalues: Tensor | None = None) -> float:
    """tr (Sigma_r Sigma_f)^(1/2): the sum of the roots of the eigenvalues (D,), computed unless given.

    With as few images as features a covariance is singular. Eigenvalues that should be 0 are then rounding
    errors of the order eps, whose roots, of the order 1e-8 each, move the fifth digit of the distance. In that
    case the eigenvalues are those of the product itself, which is not symmetric: torch-fidelity's rounding.
    """
    if min(real.count, fake.count) > len(real.mean):
        values = torch.linalg.eigvalsh(symmetric_product(real, fake)) if eigenvalues is None else eigenvalues
        return values.clamp(min=0).sqrt().sum().item()
    product = fake.covariance.cpu().numpy() @ real.covariance.cpu().numpy()
    return float(np.sqrt(np.linalg.eigvals(product).astype(complex)).real.sum())


def symmetric_product(real: FeatureSet, fake: FeatureSet) -> Tensor:
    """S Sigma_f S, S = Sigma_r^(1/2): a symmetric matrix (D, D) with the eigenvalues of Sigma_r Sigma_f."""
    root = root_of(real)
    return root @ fake.covariance @ root


def root_of(features: FeatureSet) -> Tensor:
    """Return the square root of the covariance of some features, float64 (D, D): theirs if they have it."""
    return square_root(features.covariance) if features.root is None else features.root


def rounding_error(eigenvalues: Tensor) -> Tensor:
    """Return a bound of the rounding errors in the eigenvalues (D,), ascending, of a positive semi-definite matrix."""
    return len(eigenvalues) * EPS * eigenvalues[-1].clamp(min=0)
