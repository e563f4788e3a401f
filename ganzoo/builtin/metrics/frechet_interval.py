"""The standard error of a Frechet distance, by the influence of each generated image on it."""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo.builtin.metrics.square_root import is_few, root_of, rounding_error, symmetric_product
from ganzoo.contracts import FeatureSet

BLOCK = 4096
"""Rows that are converted to float64 at a time."""
_ROWS_PER_FEATURE = 4


def influence(real: FeatureSet, fake: FeatureSet) -> Tensor:
    """Return how the distance changes with the weight of each generated row: float64 (R,), up to a constant."""
    return influence_of(real, fake, *torch.linalg.eigh(symmetric_product(real, fake)))


def standard_error(real: FeatureSet, fake: FeatureSet, values: Tensor, vectors: Tensor) -> float:
    """Return the standard error of the distance over draws of the generated rows.

    Eigenvalues and eigenvectors are those that `influence_of` takes, or of few images those of `influence_of_few`.

    The variance of the influence over n counts the quadratic part of the distance twice (Efron and Stein, Annals of
    Statistics 9, 1981, 586-596): the influence is taken at the moments that were drawn, and not at the true ones. Near
    a perfect generator, where the distance is little more than its bias, that part is all, and the error would be 1.41
    times too large. It is taken off once, by its variance for normal rows, where these are at least four times as many
    as the features; for fewer the error stays rather too large.
    """
    found = influence_of_few if is_few(fake) else influence_of
    variance = found(real, fake, values, vectors).var().item() / fake.count
    if fake.count < _ROWS_PER_FEATURE * len(fake.mean):
        return float(variance**0.5)
    return float(max(variance - _quadratic_variance(fake, values), variance / 2) ** 0.5)


def _quadratic_variance(fake: FeatureSet, values: Tensor) -> float:
    """Return the variance of the quadratic part of the distance for normal rows; `values` (D,) are those of M.

    In the eigenvectors of M = S Sigma_f S the rows S y have the covariance diag(values), so that the entries of dM are
    independent, with variances values_i values_j / n, twice that for i = j. The part is |d mu|^2 plus the sum of
    dM_ij^2 / (2 r_i r_j (r_i + r_j)), r the roots of the values.
    """
    root = values.clamp(min=0).sqrt()
    sums = root[:, None] + root
    shares = torch.where(sums > 0, root[:, None] * root / sums, 0.0).square().sum()
    both = 2 * fake.covariance.square().sum() + shares + values.clamp(min=0).sum() / 4
    return float(both.item() / fake.count**2)


def influence_of(real: FeatureSet, fake: FeatureSet, values: Tensor, vectors: Tensor) -> Tensor:
    """Return the influence, given eigenvalues (D,) and eigenvectors (D, D) of the symmetric product.

    It is the derivative of the distance along (1 - t) F + t (point mass at x), at t = 0, for each row x of F.
    Then mu_f moves by y = x - mu_f and Sigma_f by y y^T - Sigma_f. As d tr M^(1/2) = tr(M^(-1/2) dM) / 2,

        2 (mu_f - mu_r).y + y^T A y - tr(A Sigma_f),   A = I - S M^(-1/2) S,   M = S Sigma_f S,

    whose last term is the same for all x, and left out. M^(-1/2) is the inverse on the range of M: S y lies
    in it for each row of the set that Sigma_f was computed from. The standard deviation of this over the
    rows, divided by sqrt(n), is the standard error of the distance (infinitesimal jackknife).
    """
    kept = values > rounding_error(values)
    half = root_of(real) @ (vectors[:, kept] * values[kept] ** -0.25)  # (D, rank): y^T S M^(-1/2) S y = |half^T y|^2
    shift = 2 * (fake.mean - real.mean)
    centred = (rows.double() - fake.mean for rows in torch.split(fake.rows, BLOCK))
    return torch.cat([y @ shift + y.square().sum(dim=1) - (y @ half).square().sum(dim=1) for y in centred])


def influence_of_few(real: FeatureSet, fake: FeatureSet, values: Tensor, vectors: Tensor) -> Tensor:
    """Return what `influence_of` does, given eigenvalues (N,) and eigenvectors (N, N) of the Gram matrix of N images.

    The matrix is U diag(r^2) U^T = H Sigma_r H^T with H = y / sqrt(N - 1). So M has the eigenvectors S H^T U / r,
    and y_i^T S M^(-1/2) S y_i is N - 1 times the sum of U_ik^2 r_k.
    """
    y, roots = fake.rows.double() - fake.mean, values.clamp(min=0).sqrt()
    shift = 2 * (fake.mean - real.mean)
    return y @ shift + y.square().sum(dim=1) - (fake.count - 1) * (vectors.square() @ roots)
