"""Kernel distance: the maximum mean discrepancy of features. KID, if they are Inception's."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any, TypeVar

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
from ganzoo.data.distances import ROWS, spans
from ganzoo.data.parts import pick_evenly
from ganzoo.settings.options import RandomStateSeed

Array = NDArray[Any]
Item = TypeVar("Item")

WHOLE = 12_000
"""Images of both sets up to which the kernel of all pairs is made once: fewer pairs than in the default subsets."""
PROJECTED = 5_000
"""Largest number of images of each set that the interval is computed from."""
COPIES = 0.01
"""Share of copies in the reference above which a warning says so."""


def polynomial_kernel(x: Tensor, y: Tensor) -> Tensor:
    """(x.y / D + 1)^3: (N, D), (M, D) -> (N, M). arXiv:1801.01401, section 4."""
    return (x @ y.T / x.shape[1] + 1) ** 3


@dataclass(frozen=True)
class KernelDistance(Metric):
    """Squared maximum mean discrepancy, kernel (x.y / D + 1)^3. Binkowski et al. 2018, arXiv:1801.01401, section 4.

    The mean, and the standard deviation, of the unbiased estimate over `subsets` random pairs of subsets of
    `subset_size` images, or of as many as the smaller set has. They are the subsets that torch-fidelity
    draws (numpy's RandomState of `seed`), with products in the number format of the features, as it has them. Sums
    are float64; its float32 rounds the estimate to about 1e-7. Unbiased for any n, hence below 0 at times.

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
        random, size = np.random.RandomState(self.seed), min(self.subset_size, len(fake), len(real))
        subsets = (draw_subsets(random, size, fake, real) for _ in range(self.subsets))
        add_up = sums_of_whole if len(fake) + len(real) <= WHOLE else sums_of_each
        return squared_mmd(size, *add_up(fake, real, subsets))


def in_threads(function: Callable[[Item], Array], items: Iterable[Item]) -> Iterator[Array]:
    """Yield the values of a function, in order, computed by as many threads as torch has."""
    threads, left = torch.get_num_threads(), iter(items)
    if threads == 1:
        yield from map(function, left)
        return
    with ThreadPoolExecutor(threads) as pool:
        while some := list(islice(left, threads)):
            yield from pool.map(function, some)


Subsets = tuple[Array, Array]
"""Indices of a subset of x, and of as many y."""
Sums = tuple[Array, Array, Array]
"""Sums of each pair of subsets (S,): over pairs of different x, over all pairs of x and y, of different y."""


def draw_subsets(random: np.random.RandomState, size: int, x: Array, y: Array) -> Subsets:
    """Draw without replacement. Generated images, x, are torch-fidelity's first input."""
    return tuple(random.choice(len(rows), size, replace=False) for rows in (x, y))  # type: ignore[return-value]


def squared_mmd(m: int, xx: Array, xy: Array, yy: Array) -> Array:
    """Return the unbiased estimate of the squared maximum mean discrepancy. Gretton et al. 2012, Eq. 3.

    xx, xy, yy: sums of the kernel over pairs of different x of m, over all pairs of m x and m y, over those of m y.
    """
    estimates: Array = (xx + yy) / (m * (m - 1)) - 2 * xy / m**2
    return estimates


def make_kernel(a: Array, b: Array) -> Array:
    """Return the polynomial kernel float64 (N, M), of products in the number format of a (N, D) and b (M, D)."""
    values = (np.matmul(a, b.T) * (1 / a.shape[1]) + 1).astype(np.float64)
    cubes: Array = values * values * values
    return cubes


def sums_of_whole(x: Array, y: Array, subsets: Iterable[Subsets]) -> Sums:
    """Return the sums of subsets from the kernel of all pairs, which is made once, ROWS at a time.

    The sum over subsets i of x and j of y is a product: that of the kernel with the indicators of i and j.
    """
    drawn = list(subsets)
    in_x, in_y = (indicate([each[side] for each in drawn], len(rows)) for side, rows in enumerate((x, y)))
    xx, yy = sum_pairs(x, x, in_x, in_x, own=True), sum_pairs(y, y, in_y, in_y, own=True)
    return xx, sum_pairs(x, y, in_x, in_y), yy


def indicate(subsets: Sequence[Array], count: int) -> Array:
    """Return float64 (count, S), 1 where an image is in a subset, and 0 elsewhere."""
    indicators = np.zeros((count, len(subsets)))
    for number, subset in enumerate(subsets):
        indicators[subset, number] = 1
    return indicators


def sum_pairs(a: Array, b: Array, in_a: Array, in_b: Array, *, own: bool = False) -> Array:
    """Add up the kernel over pairs of subsets in_a (N, S) and in_b (M, S): (S,). With `own`, of different images."""

    def of_rows(rows: slice) -> Array:
        kernel = make_kernel(a[rows], b)
        if own:
            np.fill_diagonal(kernel[:, rows], 0)
        sums: Array = (in_a[rows] * (kernel @ in_b)).sum(axis=0)
        return sums

    total: Array = np.sum(list(in_threads(of_rows, spans(len(a), ROWS))), axis=0)
    return total


def sums_of_each(x: Array, y: Array, subsets: Iterable[Subsets]) -> Sums:
    """Return the sums of subsets, each from the kernel of its own images."""

    def of_subsets(drawn: Subsets) -> Array:
        a, b = x[drawn[0]], y[drawn[1]]
        xx, xy, yy = make_kernel(a, a), make_kernel(a, b), make_kernel(b, b)
        return np.array([xx.sum() - xx.trace(), xy.sum(), yy.sum() - yy.trace()])

    xx, xy, yy = np.stack(list(in_threads(of_subsets, subsets)), axis=1)
    return xx, xy, yy


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
