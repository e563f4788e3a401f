"""Means over seeds with their intervals, and the test of two means."""

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


def welch(one: Summary, other: Summary) -> tuple[float, float] | None:
    """Return t and the degrees of freedom of Welch's test of two means (Biometrika 34, 1947, 28-35).

    None if a mean has no spread to judge it by: it is that of one seed, or its seeds all have the same score.
    """
    if not one.std or not other.std:
        return None
    error = math.hypot(one.std / math.sqrt(one.n), other.std / math.sqrt(other.n))
    share = (one.std / math.sqrt(one.n) / error) ** 2
    df = 1 / (share**2 / (one.n - 1) + (1 - share) ** 2 / (other.n - 1))
    return (one.mean - other.mean) / error, df


def tail_probability(t: float, df: float) -> float:
    """Return P(|T| > |t|) of Student's t with `df` degrees of freedom, whole or not, to about 1e-12.

    The incomplete beta function of df / (df + t^2); scipy gives the same, and its import takes longer than 1,000 runs.
    """
    return _incomplete_beta(df / (df + t * t), t * t / (df + t * t), df / 2, 0.5)


def _incomplete_beta(x: float, rest: float, a: float, b: float) -> float:
    """Return I_x(a, b) by its continued fraction, https://dlmf.nist.gov/8.17.E22; `rest` is 1 - x."""
    if x > (a + 1) / (a + b + 2):  # there it converges slowly
        return 1 - _incomplete_beta(rest, x, b, a)
    if x == 0:
        return 0.0
    fraction = 1.0
    for m in range(20 + int(2 * math.sqrt(a)), 0, -1):  # more change no digit
        odd = -(a + m - 1) * (a + b + m - 1) * x / ((a + 2 * m - 2) * (a + 2 * m - 1))
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        fraction = 1 + odd / (1 + even / fraction)
    log_beta = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    return math.exp(a * math.log(x) + b * math.log(rest) - log_beta) / (a * fraction)


@cache
def quantile(df: int) -> float:
    """Return the t of `df` degrees of freedom that 95 % lie within: 12.706 for 1, 1.960 for many."""
    low, high = 1.9, 12.8
    for _ in range(53):  # halves the interval until floats are at their end
        middle = (low + high) / 2
        low, high = (middle, high) if tail_probability(middle, df) > 0.05 else (low, middle)
    return high
