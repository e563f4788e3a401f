"""Means over seeds with their intervals, and the test of two rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Summary:
    """A score over seeds."""

    values: Mapping[int, float]
    """Seed -> score."""
    n: int
    mean: float
    std: float | None
    """Standard deviation with n - 1; None for n = 1, as are the ends of the interval."""
    low: float | None
    """Lower end of the 95 % interval of the mean, by Student's t."""
    high: float | None

    @property
    def half_width(self) -> float | None:
        """Half the 95 % interval."""
        return None if self.low is None or self.high is None else (self.high - self.low) / 2


def summarise(values: Mapping[int, float]) -> Summary:
    """Return mean, standard deviation and 95 % interval of at least one value."""
    n, mean = len(values), math.fsum(values.values()) / len(values)
    if n == 1:
        return Summary(values, n, mean, None, None, None)
    if len(set(values.values())) == 1:  # a rounding error in their mean would give them a spread
        mean = next(iter(values.values()))
        return Summary(values, n, mean, 0.0, mean, mean)
    std = math.sqrt(math.fsum((value - mean) ** 2 for value in values.values()) / (n - 1))
    half = quantile(n - 1) * std / math.sqrt(n)
    return Summary(values, n, mean, std, mean - half, mean + half)


def paired_p(one: Mapping[int, float], other: Mapping[int, float]) -> float | None:
    """Return p of the two-sided paired t-test over the common seeds; None with fewer than two."""
    common = [seed for seed in one if seed in other]
    if len(common) < 2:
        return None
    difference = summarise({seed: one[seed] - other[seed] for seed in common})
    assert difference.std is not None
    if difference.std == 0:  # t is infinite, or 0 / 0
        return 1.0 if difference.mean == 0 else 0.0
    t = difference.mean / (difference.std / math.sqrt(difference.n))
    return max(0.0, 1 - central_probability(t, difference.n - 1))  # the sum may be 1 + 1e-16


def central_probability(t: float, df: int) -> float:
    """Return P(|T| < |t|) of Student's t with `df` degrees of freedom, to about 1e-15.

    The finite sums for whole df of Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4;
    scipy gives the same, and its import takes longer than 1,000 runs.
    """
    angle = math.atan2(abs(t), math.sqrt(df))
    cosine_2 = df / (df + t * t)
    if df == 1:
        return 2 * angle / math.pi
    odd = df % 2
    term = total = math.cos(angle) if odd else 1.0
    for k in range(3 if odd else 2, df - 1, 2):
        term *= cosine_2 * (k - 1) / k
        total += term
    total *= math.sin(angle)
    return 2 / math.pi * (angle + total) if odd else total


@cache
def quantile(df: int) -> float:
    """Return the t of `df` degrees of freedom that 95 % lie within: 12.706 for 1, 1.960 for many."""
    low, high = 1.9, 12.8
    for _ in range(53):  # halves the interval until floats are at their end
        middle = (low + high) / 2
        low, high = (middle, high) if central_probability(middle, df) < 0.95 else (low, middle)
    return high
