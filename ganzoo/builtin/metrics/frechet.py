"""Frechet distance between two sets of features taken as Gaussians: FID, if the features are Inception's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor

from ganzoo.builtin.metrics.frechet_interval import standard_error
from ganzoo.builtin.metrics.intervals import with_error
from ganzoo.builtin.metrics.requirements import require_enough, require_finite
from ganzoo.builtin.metrics.square_root import gram_matrix, is_few, root_of, symmetric_product, trace_of_square_root
from ganzoo.contracts import FeatureSet, Metric, Score

ROUNDING = 1e-7
"""Rounding error of a distance, as a share of the traces of both covariances."""


def frechet_distance(real: FeatureSet, fake: FeatureSet, eigenvalues: Tensor | None = None) -> float:
    """|mu_r - mu_f|^2 + tr(Sigma_r + Sigma_f - 2 (Sigma_r Sigma_f)^(1/2)), >= 0. arXiv:1706.08500, Eq. 6.

    `eigenvalues` are those of Sigma_r Sigma_f, computed unless given. The distance of equal sets is 0
    within ROUNDING.
    """
    difference = (fake.mean - real.mean).square().sum()
    traces = real.covariance.trace() + fake.covariance.trace()
    trace_of_root = trace_of_square_root(real, fake, eigenvalues)
    distance = (difference + traces).item() - 2 * trace_of_root
    assert distance >= -1e-3 * traces.item(), f"a squared distance of {distance}"  # far beyond rounding
    return max(0.0, distance)


@dataclass(frozen=True)
class FrechetDistance(Metric):
    """Frechet distance of two Gaussians fitted to features. Heusel et al. 2017, arXiv:1706.08500, Eq. 6.

    |mu_r - mu_f|^2 + tr(Sigma_r + Sigma_f - 2 (Sigma_r Sigma_f)^(1/2)), Dowson and Landau 1982.

    The 95 % interval is about the mean of this distance over other draws of as many generated images, the
    reference held fixed. It does not contain the bias: with n generated images the distance is too large by
    about a constant / n, however narrow the interval (`fid-infinity` extrapolates). Nor does it contain other
    reference images or other trainings. Where n is below four times the number of features it is rather too wide.
    """

    needs_images: ClassVar[bool] = False

    def prepare(self, real: FeatureSet) -> FeatureSet:
        """Return the features with the square root of their covariance."""
        return replace(real, root=root_of(real))

    def require(self, *, real: FeatureSet, fake: FeatureSet) -> None:
        require_enough(real=real, fake=fake, moments=True)

    def compute(self, *, real: FeatureSet, fake: FeatureSet) -> Mapping[str, Score]:
        self.require(real=real, fake=fake)
        require_finite(real=real, fake=fake)
        real = self.prepare(real)
        values, vectors = torch.linalg.eigh(gram_matrix(real, fake) if is_few(fake) else symmetric_product(real, fake))
        distance = frechet_distance(real, fake, None if is_few(real) else values)
        error = standard_error(real, fake, values, vectors)
        rounding = ROUNDING * (real.covariance.trace() + fake.covariance.trace()).item()  # all there is for equal sets
        return {"FD": with_error(distance, max(error, rounding), "lower", floor=0.0)}
