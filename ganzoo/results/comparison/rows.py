"""Runs become rows: summaries over seeds, and a rank by the score of one checkpoint."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ganzoo.cells import FAILURES
from ganzoo.results.comparison.axes import key_of
from ganzoo.results.comparison.protocols import Scored
from ganzoo.results.comparison.statistics import Summary, paired_p, summarise
from ganzoo.results.comparison.table import Row
from ganzoo.results.read import Result

_ENDED = ("complete", *FAILURES)
_NAMED = 3
"""Runs without a score that a row names; more are counted."""


def make_row(axes: Sequence[str], averaged: Sequence[str], runs: Sequence[Scored], metric: str, checkpoint: str) -> Row:
    """Make the row of runs that have one value on each of `axes`, without its rank."""
    results = tuple(run.result for run in runs)
    complete = [result for result in results if result.state == "complete"]
    states = Counter(result.state for result in results)
    return Row(
        axes=dict(zip(axes, key_of(results[0], axes), strict=True)),
        results=results,
        last=_summaries(runs, averaged, lambda run: run.last),
        best=_summaries(runs, averaged, lambda run: run.best),
        images=_mean(result.images for result in complete),
        seconds=_mean(result.seconds for result in complete),
        flops=_mean(result.flops for result in complete),
        parameters=_mean(result.parameters for result in complete),
        memory_mb=_mean(result.memory_mb for result in complete),
        rank="",
        p=None,
        failures={state: states[state] for state in FAILURES if states[state]},
        ended=sum(states[state] for state in _ENDED),
        reason=_explain(runs, metric, checkpoint),
    )


def rank_rows(rows: Sequence[Row], scored: Callable[[Row], Summary | None], better: str, ranked: set[int]) -> list[Row]:
    """Return the rows: those of the numbers `ranked`, the best first; then others with a score; then those without.

    Each of the first is tested against the best by a two-sided t-test, paired over their common seeds.
    """
    sign = -1 if better == "higher" else 1
    summaries = [scored(row) for row in rows]
    order = sorted(
        range(len(rows)), key=lambda i: (i not in ranked, sign * s.mean if (s := summaries[i]) else math.inf)
    )
    best = summaries[order[0]] if ranked else None
    return [_rank(rows[i], summaries[i], best) if i in ranked else rows[i] for i in order]


def _rank(row: Row, own: Summary | None, best: Summary | None) -> Row:
    assert own is not None and best is not None
    if own is best:
        return replace(row, rank="best")
    p = paired_p(own.values, best.values)
    if p is None:
        return replace(row, rank="untested")
    return replace(row, rank="alike" if p >= 0.05 else "worse", p=p)


def _summaries(
    runs: Sequence[Scored], averaged: Sequence[str], scores: Callable[[Scored], Mapping[str, Mapping[str, Any]]]
) -> dict[str, Summary]:
    names = dict.fromkeys(name for run in runs for name in scores(run))
    return {name: summarise(values) for name in names if (values := _by_seed(runs, averaged, name, scores))}


def _by_seed(
    runs: Sequence[Scored],
    averaged: Sequence[str],
    name: str,
    scores: Callable[[Scored], Mapping[str, Mapping[str, Any]]],
) -> dict[int, float]:
    """One value per seed. Where settings are averaged over, a seed counts only if it has all of them."""
    cells: dict[int, dict[tuple[Any, ...], list[float]]] = {}
    for run in runs:
        if name in scores(run):
            combinations = cells.setdefault(run.result.seed, {})
            combinations.setdefault(key_of(run.result, averaged), []).append(scores(run)[name]["value"])
    all_of_them = {key for combinations in cells.values() for key in combinations}
    return {
        seed: _average([_average(values) for values in combinations.values()])
        for seed, combinations in sorted(cells.items())
        if len(combinations) == len(all_of_them)
    }


def _average(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return _average(known) if known else None


def _explain(runs: Sequence[Scored], metric: str, checkpoint: str) -> str:
    """Say why runs of a row have no score, each reason once with its seeds."""
    reasons: dict[str, list[int]] = {}
    for run in runs:
        if reason := _reason(run, metric, checkpoint):
            reasons.setdefault(reason, []).append(run.result.seed)
    shown = [_with_seeds(reason, seeds, len(runs)) for reason, seeds in list(reasons.items())[:_NAMED]]
    if (more := len(reasons) - _NAMED) > 0:
        shown.append(f"and {more} more reasons")
    return "; ".join(shown)


def _with_seeds(reason: str, seeds: Sequence[int], count: int) -> str:
    if len(seeds) == count:
        return reason
    return f"seed{'s' * (len(set(seeds)) > 1)} {', '.join(map(str, sorted(set(seeds))))}: {reason}"


def _reason(run: Scored, metric: str, checkpoint: str) -> str:
    result: Result = run.result
    if result.state != "complete":
        return f"{result.state}: {result.reason}" if result.reason else result.state
    scores = run.last if checkpoint == "last" else run.best
    if not scores:
        best = " --best" if checkpoint == "best" else ""
        return f"not scored: ganzoo evaluate {result.path}{best}"
    return "" if metric in scores else f"has no {metric}"
