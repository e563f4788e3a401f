"""Rows in order: the best, those that cannot be told from it, and those that may not win."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ganzoo.results.comparison.axes import key_of
from ganzoo.results.comparison.metrics import Measure
from ganzoo.results.comparison.statistics import Summary, paired_p
from ganzoo.results.comparison.table import Row
from ganzoo.results.read import Result


def rank_rows(rows: Sequence[Row], averaged: Sequence[str], measure: Measure, better: str) -> list[Row]:
    """Return the rows: those that may win, the best first; then others with a score; then those without.

    Each of the first is tested against the best by a two-sided t-test, paired over their common seeds.
    """
    sign = -1 if better == "higher" else 1

    def by_score(row: Row) -> float:
        summary = row.summary(measure)
        return math.inf if summary is None else sign * summary.mean

    may_win = [_may_win(row, rows, averaged, measure) for row in rows]
    candidates = sorted((row for row, may in zip(rows, may_win, strict=True) if may), key=by_score)
    others = sorted((row for row, may in zip(rows, may_win, strict=True) if not may), key=by_score)
    if not candidates:
        return others
    best, *rest = candidates
    return [replace(best, rank="best"), *(_test(row, best, measure) for row in rest), *others]


def _may_win(row: Row, rows: Sequence[Row], averaged: Sequence[str], measure: Measure) -> bool:
    """Refuse a mean over the runs that survived, and a mean over fewer settings than other rows have."""
    if row.failures or row.summary(measure) is None:
        return False
    everything = {key for other in rows for key in _settings(other, averaged, measure)}
    return not averaged or _settings(row, averaged, measure) == everything


def _settings(row: Row, averaged: Sequence[str], measure: Measure) -> set[tuple[Any, ...]]:
    """Return the settings that a row is a mean over."""
    return {key_of(result, averaged) for result in row.results if _is_scored(result, measure)}


def _is_scored(result: Result, measure: Measure) -> bool:
    reports = [report for report in result.reports if report["checkpoint"] == measure.checkpoint]
    return result.state == "complete" and any(measure.metric in report["scores"] for report in reports)


def _test(row: Row, best: Row, measure: Measure) -> Row:
    """Return a row with its rank against the best."""
    own, other = row.summary(measure), best.summary(measure)
    assert isinstance(own, Summary) and isinstance(other, Summary)  # both may win, so both have a score
    p = paired_p(own.values, other.values)
    if p is None:
        return replace(row, rank="untested")
    return replace(row, rank="alike" if p >= 0.05 else "worse", p=p)


def describe_test(rows: Sequence[Row]) -> str:
    """Say which test the ranks come from; "" if no row was tested."""
    ranked = sum(bool(row.rank) for row in rows)
    if ranked < 2:
        return ""
    return (
        "Not distinguishable from the best: p >= 0.05 in a two-sided paired t-test over the common seeds, "
        f"not corrected for the number of rows ({ranked - 1} against the best). Untested: fewer than two common seeds."
    )


def explain_unranked(rows: Sequence[Row], measure: Measure) -> list[str]:
    """Say why rows with a score have no rank."""
    unranked = [row for row in rows if not row.rank and row.summary(measure)]
    remarks = []
    if any(row.failures for row in unranked):
        remarks.append("Rows with runs that failed or diverged are means over those that came through: not ranked.")
    if any(not row.failures for row in unranked):
        remarks.append("Rows without some of the settings that others are averaged over are not ranked.")
    return remarks
