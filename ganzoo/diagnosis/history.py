"""What the log of a run tells of its course: is it periodic, and does the loss say how good the samples are?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Records = Sequence[Mapping[str, Any]]
FEWEST = 40
"""Records without which no period is looked for: of fewer, half shows chance and no rhythm."""
FEWEST_SCORES = 8
"""Scores without which no rank correlation is: of seven, one of 0.75 comes about by chance once in twenty times."""


class Rhythm(NamedTuple):
    """How periodic a series is."""

    period: float | None
    """Steps from peak to peak; None where nothing stands out of the noise."""
    strength: float
    """Autocorrelation at that lag, in [-1, 1]: 1 for a clock."""
    memory: float
    """Steps until the series has forgotten where it was: its autocorrelation falls below 1/e."""
    swing: float
    """Standard deviation about the trend, over the mean size of the series."""


def find_rhythm(steps: Floats, values: Floats) -> Rhythm:
    """Return the rhythm of values (n,) at evenly spaced steps (n,), n >= FEWEST; a linear trend is no rhythm.

    The first peak of the autocorrelation after it has crossed zero, if above 3 / sqrt(n): for noise without memory the
    standard error of an autocorrelation is 1 / sqrt(n) (Bartlett 1946, doi:10.2307/2983611). Three periods more must
    be seen, and the peak must come again.
    """
    from scipy.signal import detrend, find_peaks  # slow to import

    spacing = float(np.median(np.diff(steps)))
    rest = detrend(values)
    swing = float(rest.std() / max(np.abs(values).mean(), 1e-12))
    if not rest.any():
        return Rhythm(None, 0.0, 0.0, swing)
    correlation = _autocorrelate(rest)
    memory = float(np.argmax(correlation < 1 / np.e)) * spacing
    below = np.flatnonzero(correlation < 0)
    first = int(below[0]) if len(below) else len(correlation)
    peaks, _ = find_peaks(correlation, height=3 / np.sqrt(len(values)))
    peaks = [int(peak) for peak in peaks if first < peak <= len(values) // 4 and _recurs(correlation, int(peak))]
    if not peaks:
        return Rhythm(None, 0.0, memory, swing)
    highest = max(correlation[peak] for peak in peaks)
    best = next(peak for peak in peaks if correlation[peak] >= 0.8 * highest)  # the period, and not a multiple of it
    return Rhythm(best * spacing, float(correlation[best]), memory, swing)


def _recurs(correlation: Floats, lag: int) -> bool:
    """Whether half of the peak is there again after two and three periods, with a trough before each.

    A series that merely remembers, such as a random walk, has a peak somewhere; it does not come again in time.
    """
    for times in (2, 3):
        around = correlation[round((times - 0.2) * lag) : round((times + 0.2) * lag) + 1]
        trough = correlation[round((times - 0.7) * lag) : round((times - 0.3) * lag) + 1]
        if not (len(around) and around.max() > 0.5 * correlation[lag] and trough.min() < -0.5 * correlation[lag]):
            return False
    return True


def _autocorrelate(rest: Floats) -> Floats:
    """(n,) -> (n,): lags 0 to n - 1; each is divided by how many pairs it has, as a share of that at lag 0."""
    n = len(rest)
    spectrum = np.fft.rfft(rest, 2 * n)
    sums: Floats = np.fft.irfft(spectrum * spectrum.conj())[:n]
    correlation: Floats = sums / (sums[0] / n) / np.arange(n, 0, -1)
    return correlation


def read_series(records: Records, key: str) -> tuple[Floats, Floats]:
    """Return steps (n,) and values (n,) of those records that have the key."""
    pairs = [(record["step"], record[key]) for record in records if record.get(key) is not None]
    return np.array([step for step, _ in pairs], dtype=float), np.array([value for _, value in pairs], dtype=float)


class Lead(NamedTuple):
    """Who is ahead, by the mean logits that the log has."""

    critic: float
    """Share of records in which reals have the higher mean."""
    changes: int
    """How often that changed."""


def find_lead(records: Records) -> Lead:
    """Return who was ahead over the log."""
    _, real = read_series(records, "score/real")
    _, fake = read_series(records, "score/fake")
    ahead = real > fake
    return Lead(float(ahead.mean()), int(np.count_nonzero(np.diff(ahead))))


class Agreement(NamedTuple):
    """How well a loss ranks the moments of a run as a score does."""

    rho: float
    """Spearman's rank correlation: 1 if the one falls whenever the other does."""
    chance: float
    """Probability of a correlation as large where there is none."""
    scores: int


def find_agreement(records: Records, key: str, sign: int, scores: tuple[Floats, Floats]) -> Agreement | None:
    """Compare sign * the logged value with a score for which lower is better, at steps (n,).

    The value that belongs to a score is the mean of the records since the score before it. None if fewer than
    FEWEST_SCORES have any, or if one of both does not change.
    """
    from scipy.stats import spearmanr  # slow to import

    steps, values = read_series(records, key)
    at, score = scores
    if len(at) < FEWEST_SCORES:
        return None
    since = np.concatenate([[-np.inf], at[:-1]])
    chosen = [values[(steps > low) & (steps <= high)] for low, high in zip(since, at, strict=True)]
    kept = [(sign * part.mean(), s) for part, s in zip(chosen, score, strict=True) if len(part)]
    if len(kept) < FEWEST_SCORES or any(len(set(side)) == 1 for side in zip(*kept, strict=True)):
        return None
    found = spearmanr(*zip(*kept, strict=True))
    return Agreement(float(found.statistic), float(found.pvalue), len(kept))
