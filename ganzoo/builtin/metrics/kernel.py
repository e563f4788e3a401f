"""Kernel distance: the maximum mean discrepancy of features. KID, if they are Inception's."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import torch
from annotated_types import Ge, Le
from numpy.typing import NDArray
from torch import Tensor

from ganzoo.builtin.metrics.intervals import with_error
from ganzoo.builtin.metrics.pairwise import pairwise
from ganzoo.builtin.metrics.requirements import require_enough, require_finite
from ganzoo.contracts import FeatureSet, Metric, Score
from ganzoo.data.copies import find_copies
from ganzoo.data.parts import pick_evenly
from ganzoo.settings.options import RandomStateSeed

Array = NDArray[Any]

WHOLE = 8_000
"""Images of both sets up to which the kernel of all pairs is computed once, because subsets of few overlap much."""
PROJECTED = 5_000
"""Largest number of images of each set that the interval is computed from."""
COPIES = 0.01
"""Share of copies in the reference above which a warning says so."""


def polynomial_kernel(x: Tensor, y: Tensor) -> Tensor:
    """(x.y / D + 1)^3: (N, D), (M, D) -> (N, M). arXiv:1801.01401, section 4."""
    return (x @ y.T / x.shape[1] + 1) ** 3


def squared_mmd(xx: Array, xy: Array, yy: Array) -> float:
    """Return the unbiased estimate of the squared maximum mean discrepancy. Gretton et al. 2012, Eq. 3.

    xx, xy, yy: kernels (m, m) of m images x with each other, of x with m images y, and of y with each other.
    """
    m = len(xx)
    return float((sum_of_pairs(xx) + sum_of_pairs(yy)) / (m * (m - 1)) - 2 * sum_of_all(xy) / m**2)


@dataclass(frozen=True)
class KernelDistance(Metric):
    """Squared maximum mean discrepancy, kernel (x.y / D + 1)^3. Binkowski et al. 2018, arXiv:1801.01401, section 4.

    The mean, and the standard deviation, of the unbiased estimate over `subsets` random pairs of subsets of
    `subset_size` images, or of as many as the smaller set has. They are the subsets that torch-fidelity
    draws (numpy's RandomState of `seed`), computed in the number format of the features as it does: float32
    rounds the estimate to about 1e-7. Unbiased for any n, hence below 0 at times.

    The 95 % interval is about the value for infinitely many generated images. It contains their draw and
    that of the subsets; the reference is held fixed.
    """

    subsets: Annotated[int, Ge(2), Le(100_000)] = 100
    subset_size: Annotated[int, Ge(2), Le(100_000)] = 1000
    seed: RandomStateSeed = 2020

    def require(self, *, real: FeatureSet, fake: FeatureSet) -> None:
        require_enough(real=real, fake=fake)

    def compute(self, *, real: FeatureSet, fake: FeatureSet) -> Mapping[str, Score]:
        self.require(real=real, fake=fake)
        require_finite(real=real, fake=fake)
        estimates = self.estimate(fake.rows.cpu().numpy(), real.rows.cpu().numpy())
        std = float(estimates.std())
        drawing = std / (self.subsets - 1) ** 0.5  # given the images, the subsets are independent
        error = math.hypot(sampling_error(real.rows, fake.rows), drawing)
        return {"KD": with_error(float(estimates.mean()), error, "lower", std=std)}

    def warn(self, *, real: FeatureSet, fake: FeatureSet) -> Sequence[str]:
        first = find_copies(real.rows)
        copies = int((first != torch.arange(len(first)).to(first)).sum())
        if copies <= COPIES * len(real.rows):
            return ()
        what = f"{copies:,} of {len(real.rows):,} reference images are copies of others"
        return [f"{what}, and the estimate of KD, which takes images for independent draws, has a bias"]

    def estimate(self, fake: Array, real: Array) -> Array:
        """fake (N, D), real (M, D) -> the estimate of each pair of subsets (S,)."""
        random = np.random.RandomState(self.seed)
        size = min(self.subset_size, len(fake), len(real))
        kernels = make_kernels(fake, real)
        estimates = np.zeros(self.subsets)
        for subset in range(self.subsets):
            i = random.choice(len(fake), size, replace=False)  # generated images are torch-fidelity's first input
            j = random.choice(len(real), size, replace=False)
            estimates[subset] = squared_mmd(*kernels(i, j))
        return estimates


def sum_of_pairs(kernel: Array) -> Any:
    """Add up the kernel of pairs of different images.

    Row by row, then over the rows, as torch-fidelity does: in float32 the order shows in the result.
    """
    return (kernel.sum(axis=1) - kernel.diagonal()).sum()


def sum_of_all(kernel: Array) -> Any:
    """Add up a kernel column by column, then over the columns, as torch-fidelity does."""
    return kernel.sum(axis=0).sum()


def make_kernels(x: Array, y: Array) -> Callable[[Array, Array], tuple[Array, Array, Array]]:
    """Return a function of indices i, j: the kernel of x[i] with itself, of x[i] with y[j], of y[j] with itself."""

    def kernel(a: Array, b: Array) -> Array:
        values: Array = (np.matmul(a, b.T) * (1 / a.shape[1]) + 1) ** 3
        return values

    if len(x) + len(y) > WHOLE:
        return lambda i, j: (kernel(x[i], x[i]), kernel(x[i], y[j]), kernel(y[j], y[j]))
    xx, xy, yy = kernel(x, x), kernel(x, y), kernel(y, y)
    return lambda i, j: (xx[np.ix_(i, i)], xy[np.ix_(i, j)], yy[np.ix_(j, j)])


def sampling_error(real: Tensor, fake: Tensor) -> float:
    """Standard error of the unbiased estimate from all pairs, over draws of the n generated images.

    To first order a generated image x adds 2 / n (E k(x, other fakes) - E k(x, reals)), less the mean of
    this: the projection of a U-statistic (Hoeffding 1948). Computed in float64, from at most PROJECTED images of each,
    picked evenly.
    """
    x, y = (rows[pick_evenly(min(PROJECTED, len(rows)), len(rows)).to(rows.device)] for rows in (fake, real))
    within = []
    for block, kernel in pairwise(x, x, polynomial_kernel):
        kernel[:, block].fill_diagonal_(0)
        within.append(kernel.sum(dim=1))
    between = torch.cat([kernel.sum(dim=1) for _, kernel in pairwise(x, y, polynomial_kernel)])
    added = torch.cat(within) / (len(x) - 1) - between / len(y)
    return 2 * float(added.std()) / math.sqrt(len(fake))
