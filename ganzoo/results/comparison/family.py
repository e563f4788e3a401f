"""The chance that rows which are all equally good look as different from their best as the rows of a table do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from ganzoo.results.comparison.statistics import tail_probability

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Test = tuple[float, float]
"""t of a test of two means, and its degrees of freedom."""

_BLOCKS, _BLOCK = 20, 1000
"""Tables that are simulated: 20 times 1,000, so that many rows need little memory."""


def adjust(tests: Sequence[Test], seeds: Sequence[int]) -> list[float]:
    """Return p of each test against the best row, adjusted for the choice of that row and for the number of tests.

    It is the share of tables in which any row differs as clearly from its best one, if all rows have one mean: the
    adjustment by the smallest p of Westfall and Young (Resampling-Based Multiple Testing, 1993) under normal scores.
    `seeds` are the numbers of seeds of all rows, the best included. Two rows are one test, which needs none.
    """
    single = [tail_probability(t, df) for t, df in tests]
    if len(seeds) < 3:
        return single
    import numpy as np  # not at the top: it takes longer than a table of two rows

    extremes = _simulate(tuple(sorted(seeds)))
    as_clear = len(extremes) - np.searchsorted(extremes, [_deviate(math, t, df) for t, df in tests])
    family = (1 + as_clear) / (1 + len(extremes))
    return [max(pair) for pair in zip(single, family.tolist(), strict=True)]


def _deviate(functions: Any, t: Any, df: Any) -> Any:
    """Return about the normal deviate that is as improbable as t, by Wallace (Ann. Math. Stat. 30, 1959, 1124-1130).

    It puts tests of different degrees of freedom in order. `functions` is math, or numpy for arrays.
    """
    return (8 * df + 1) / (8 * df + 3) * functions.sqrt(df * functions.log1p(t * t / df))


@cache
def _simulate(seeds: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the clearest difference from the best row in each simulated table of equal rows, sorted."""
    import numpy as np

    random, n = np.random.default_rng(0), np.array(seeds)
    return np.sort(np.concatenate([_simulate_block(random, n) for _ in range(_BLOCKS)]))


def _simulate_block(random: np.random.Generator, n: NDArray[np.int64]) -> NDArray[np.float64]:
    import numpy as np

    means = random.standard_normal((_BLOCK, len(n))) / np.sqrt(n)
    errors = random.chisquare(n - 1, means.shape) / (n - 1) / n  # squared standard errors of the means
    best = means.argmin(axis=1, keepdims=True)
    lowest, error = np.take_along_axis(means, best, 1), np.take_along_axis(errors, best, 1)
    own = n - 1
    df = (errors + error) ** 2 / (errors**2 / own + error**2 / own[best])
    extremes: NDArray[np.float64] = _deviate(np, (means - lowest) / np.sqrt(errors + error), df).max(axis=1)
    return extremes
