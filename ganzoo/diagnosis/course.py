"""Rules on the log of a run: did it diverge, does it oscillate, does its loss tell how good the samples are?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ganzoo.audit.findings import Finding, Level
from ganzoo.diagnosis.replay import NaNOrigin
from ganzoo.training.loop import REMEDIES

Floats = NDArray[np.float64]
Records = Sequence[Mapping[str, Any]]
"""Lines of log.jsonl and files like it, each with a "step"."""
Series = tuple[Floats, Floats]
"""Steps (n,) and values (n,)."""

FEWEST = 40
"""Fewest log records in which to look for a period; with fewer, chance shows one too often."""
FEWEST_SCORES = 8
"""Fewest scores for a rank correlation; of seven, one of 0.75 comes about by chance once in twenty times."""
INFORMATIVE = 0.5
"""Rank correlation from which a loss tells good moments of a run from bad ones."""


def divergence(state: str, origin: NaNOrigin | None) -> Iterator[Finding]:
    """Did the run end in numbers that are not finite?"""
    if state != "diverged":
        yield Finding("divergence", "fine", "every number that was logged is finite", topic="oscillation")
        return
    if origin is None:
        what = "a number became infinite or nan; repeated from its last checkpoint, the run does not show where"
        evidence = {}
    else:
        what = f"{origin.what} was the first that was not finite, in step {origin.step}"
        evidence = {"step": float(origin.step), "checkpoint": float(origin.since)}
    yield Finding("divergence", "alarm", what, evidence, REMEDIES, "oscillation", "curves.png")


def oscillation(log: Records, scores: Series) -> Iterator[Finding]:
    """Is the loss periodic, or even the score?"""
    steps, loss = read_series(log, "d/adversarial")
    steps, loss = steps[len(steps) // 4 :], loss[len(loss) // 4 :]  # at first a loss falls, which is no period
    if len(loss) < FEWEST:
        what = f"{len(loss)} records of the loss are too few to show a rhythm: --set train.log_every=N"
        yield Finding("oscillation", "unknown", what, topic="oscillation")
        return
    lead, rhythm = find_lead(log), find_period(steps, loss)
    evidence = {"period": rhythm.period, "strength": rhythm.strength, "swing": rhythm.swing}
    evidence |= {"memory": rhythm.memory, "critic ahead": lead.critic, "changes of lead": float(lead.changes)}
    what = f"the critic's loss shows no period; it forgets where it was within {rhythm.memory:.0f} steps"
    level: Level = "fine"
    if rhythm.period is not None and rhythm.strength > 0.4:
        what = f"the critic's loss comes back every {rhythm.period:.0f} steps (autocorrelation {rhythm.strength:.2f})"
        level = "remark"
    if len(scores[0]) >= FEWEST and (of_score := find_period(*scores)).period is not None:
        evidence |= {"period of the score": of_score.period, "strength of the score": of_score.strength}
        if of_score.strength > 0.5 and of_score.swing > 0.2:
            what, level = f"the score itself comes back every {of_score.period:.0f} steps", "alarm"
    advice = ("--lipschitz r1", "--lipschitz gp", "--set optim.beta1=0") if level != "fine" else ()
    yield Finding("oscillation", level, what, evidence, advice, "oscillation", "curves.png")


def uninformative_loss(log: Records, scores: Series, score_name: str) -> Iterator[Finding]:
    """Does a loss fall when the samples get better? arXiv:1701.07875, Figures 3 and 4."""
    critic = correlate(log, "d/adversarial", -1, scores)
    generator = correlate(log, "g/adversarial", 1, scores)
    if critic is None or generator is None:
        what = f"{len(scores[0])} scores beside records of a loss that changes: {FEWEST_SCORES} are needed"
        yield Finding("uninformative-loss", "unknown", f"{what} (--eval-every N, or --diagnose)", topic="wgan")
        return
    evidence = {"critic's estimate": critic.rho, "generator's loss": generator.rho}
    evidence |= {"by chance": critic.p_value, "scores": float(critic.scores)}
    level: Level = "fine" if critic.rho >= INFORMATIVE else "remark"
    what = (
        f"rank correlation with {score_name} over {critic.scores} scores: "
        f"{critic.rho:.2f} for the critic's estimate (-loss), {generator.rho:.2f} for the generator's loss"
    )
    advice = () if level == "fine" else ("--loss wgan --lipschitz gp", "--eval-every 500")
    yield Finding("uninformative-loss", level, what, evidence, advice, "wgan", "curves.png")


def read_series(records: Records, key: str) -> Series:
    """Return the steps and values of those records that have the key."""
    pairs = [(record["step"], record[key]) for record in records if record.get(key) is not None]
    return np.array([step for step, _ in pairs], dtype=float), np.array([value for _, value in pairs], dtype=float)


class Rhythm(NamedTuple):
    """Period of a series, and how clear it is."""

    period: float | None
    """Steps from peak to peak; None if no peak stands out of the noise."""
    strength: float
    """Autocorrelation at that lag, in [-1, 1]: 1 for a clock."""
    memory: float
    """Steps until the autocorrelation falls below 1/e."""
    swing: float
    """Standard deviation about the trend, over the mean size of the series."""


def find_period(steps: Floats, values: Floats) -> Rhythm:
    """Return the rhythm of values (n,) at evenly spaced steps (n,), n >= FEWEST, without their linear trend.

    The period is the first peak of the autocorrelation after it has crossed zero, if above 3 / sqrt(n): for noise
    without memory the standard error of an autocorrelation is 1 / sqrt(n) (Bartlett 1946, doi:10.2307/2983611). The
    series must hold three more periods, and the peak must come again.
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
    """Return whether half of the peak is there again after two and three periods, with a trough before each.

    The autocorrelation of a random walk, which has memory but no period, also has a peak, but that does not recur.
    """
    for times in (2, 3):
        around = correlation[round((times - 0.2) * lag) : round((times + 0.2) * lag) + 1]
        trough = correlation[round((times - 0.7) * lag) : round((times - 0.3) * lag) + 1]
        if not (len(around) and around.max() > 0.5 * correlation[lag] and trough.min() < -0.5 * correlation[lag]):
            return False
    return True


def _autocorrelate(rest: Floats) -> Floats:
    """Return the autocorrelation (n,) of a series (n,) at lags 0 to n - 1, each a mean over the pairs that it has."""
    n = len(rest)
    spectrum = np.fft.rfft(rest, 2 * n)
    sums: Floats = np.fft.irfft(spectrum * spectrum.conj())[:n]
    correlation: Floats = sums / (sums[0] / n) / np.arange(n, 0, -1)
    return correlation


class Lead(NamedTuple):
    """Player that is ahead, by the mean logits in the log."""

    critic: float
    """Share of records in which reals have the higher mean."""
    changes: int
    """Number of times that the lead changed."""


def find_lead(records: Records) -> Lead:
    """Return which player was ahead over the log."""
    _, real = read_series(records, "score/real")
    _, fake = read_series(records, "score/fake")
    ahead = real > fake
    return Lead(float(ahead.mean()), int(np.count_nonzero(np.diff(ahead))))


class Correlation(NamedTuple):
    """Rank correlation of a loss with a score over a run."""

    rho: float
    """Spearman's rank correlation: 1 if the one falls whenever the other does."""
    p_value: float
    """Probability of a correlation as large if there is none."""
    scores: int
    """Number of scores that have a loss beside them."""


def correlate(records: Records, key: str, sign: int, scores: Series) -> Correlation | None:
    """Correlate sign * the logged value with a score for which lower is better.

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
    return Correlation(float(found.statistic), float(found.pvalue), len(kept))
