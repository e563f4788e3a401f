"""Rows in order: the best, those that cannot be told from it, and those that may not win."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from ganzoo.results.comparison.family import adjust
from ganzoo.results.comparison.metrics import Measure
from ganzoo.results.comparison.statistics import welch
from ganzoo.results.comparison.table import Row, Unranked

_LEVEL = 0.05
_WHY_UNRANKED: dict[Unranked, str] = {
    "failed": "Rows with runs that failed or diverged are means over those that came through",
    "unfinished": "Rows with runs that are not done or not scored are means over the seeds so far",
    "settings": "Rows without some of the settings that others are averaged over are means over fewer",
    "one seed": "Rows of one seed, beside rows of several, have no spread",
}


def rank_rows(rows: Sequence[Row], measure: Measure, better: str) -> list[Row]:
    """Return the rows: those that may win, the best first; then others with a score; then those without.

    Each of the first is tested against the best. Rows with the same mean as the best are best, too.
    """
    sign = -1 if better == "higher" else 1

    def by_score(row: Row) -> float:
        summary = row.summary(measure)
        return math.inf if summary is None else sign * summary.mean

    judged = sorted(_set_apart(rows, measure), key=by_score)
    candidates = [row for row in judged if not row.unranked and row.summary(measure)]
    return [*_test(candidates, measure), *(row for row in judged if row.unranked or not row.summary(measure))]


def _set_apart(rows: Sequence[Row], measure: Measure) -> list[Row]:
    """Return the rows; those of one seed may not win if any row that may has several."""
    counts = [summary.n if (summary := row.summary(measure)) and not row.unranked else 0 for row in rows]
    if max(counts, default=0) < 2:
        return list(rows)
    return [replace(row, unranked="one seed") if n == 1 else row for row, n in zip(rows, counts, strict=True)]


def _test(candidates: Sequence[Row], measure: Measure) -> list[Row]:
    """Return the rows that may win with their ranks; the first is the best."""
    summaries = [summary for row in candidates if (summary := row.summary(measure))]
    is_best = [summary.mean == summaries[0].mean for summary in summaries]
    tests = {i: test for i, own in enumerate(summaries) if not is_best[i] and (test := welch(own, summaries[0]))}
    seeds = [own.n for i, own in enumerate(summaries) if own.std and (i in tests or is_best[i])]
    adjusted = dict(zip(tests, adjust(list(tests.values()), seeds), strict=True))
    return [
        replace(row, rank="best") if is_best[i] else _rank(row, adjusted.get(i)) for i, row in enumerate(candidates)
    ]


def _rank(row: Row, p: float | None) -> Row:
    if p is None:
        return replace(row, rank="untested")
    return replace(row, rank="alike" if p >= _LEVEL else "worse", p_adjusted=p)


def describe_test(rows: Sequence[Row]) -> str:
    """Say which test the ranks come from; "" if no row was tested."""
    ranks = [row.rank for row in rows if row.rank]
    if not set(ranks) - {"best"}:
        return ""
    test = f"Not distinguishable from the best: p >= {_LEVEL} in Welch's two-sided t-test"
    if (tested := ranks.count("alike") + ranks.count("worse")) > 1:
        test += (
            f", adjusted for the choice of the best among {tested + 1} rows (if all were equal, one or more would look "
            "worse in 5 % of tables)"
        )
    return f"{test}. Untested: one seed, or the same score with every seed."


def explain_unranked(rows: Sequence[Row], measure: Measure) -> list[str]:
    """Say why rows with a score have no rank."""
    reasons = {row.unranked for row in rows if row.summary(measure)}
    return [f"{words}: not ranked." for reason, words in _WHY_UNRANKED.items() if reason in reasons]
