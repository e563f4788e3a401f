"""The square root in the Frechet distance: of one covariance, and of the product of two."""

from __future__ import annotations

import math

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
    """tr (Sigma_r Sigma_f)^(1/2): the sum of the roots of the eigenvalues of the product, computed unless given.

    With as few images as features a covariance is singular. Eigenvalues that should be 0 are then rounding errors of
    the order eps, whose roots, of the order 1e-8 each, would move the fifth digit of the distance. So the covariances
    are taken apart: Sigma = H^T H, where H has a row for each image. The roots are the singular values of H_f H_r^T.
    """
    if eigenvalues is not None:
        return eigenvalues.clamp(min=0).sqrt().sum().item()
    if not (is_few(real) or is_few(fake)):
        return trace_of_square_root(real, fake, torch.linalg.eigvalsh(symmetric_product(real, fake)))
    if is_few(real) and is_few(fake):
        return float(torch.linalg.svdvals(half_of(fake) @ half_of(real).T).sum())
    few, many = (half_of(real), fake) if is_few(real) else (half_of(fake), real)
    return trace_of_square_root(real, fake, torch.linalg.eigvalsh(few @ many.covariance @ few.T))


def is_few(features: FeatureSet) -> bool:
    """Return whether there are no more images than features, so that the covariance is singular."""
    return features.count <= len(features.mean)


def half_of(features: FeatureSet) -> Tensor:
    """Return H, float64 (N, D), with H^T H the covariance of a few images: their centred rows, if they are at hand."""
    if len(features.rows) == features.count:
        centred: Tensor = features.rows.double() - features.mean
        return centred / math.sqrt(features.count - 1)
    values, vectors = torch.linalg.eigh(features.covariance)
    kept = values > rounding_error(values)
    half: Tensor = vectors[:, kept] * values[kept].sqrt()
    return half.T


def symmetric_product(real: FeatureSet, fake: FeatureSet) -> Tensor:
    """S Sigma_f S, S = Sigma_r^(1/2): a symmetric matrix (D, D) with the eigenvalues of Sigma_r Sigma_f."""
    root = root_of(real)
    return root @ fake.covariance @ root


def gram_matrix(real: FeatureSet, fake: FeatureSet) -> Tensor:
    """H_f Sigma_r H_f^T: a symmetric matrix (N, N) of few generated images, with the eigenvalues of Sigma_r Sigma_f."""
    half = half_of(fake)
    return half @ real.covariance @ half.T


def root_of(features: FeatureSet) -> Tensor:
    """Return the square root of the covariance of some features, float64 (D, D): theirs if they have it."""
    return square_root(features.covariance) if features.root is None else features.root


def rounding_error(eigenvalues: Tensor) -> Tensor:
    """Return a bound of the rounding errors in the eigenvalues (D,), ascending, of a positive semi-definite matrix."""
    return len(eigenvalues) * EPS * eigenvalues[-1].clamp(min=0)
