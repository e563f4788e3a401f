"""Runs become rows: their scores summarised over seeds."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ganzoo.cells import FAILURES
from ganzoo.results.comparison.axes import key_of, list_values
from ganzoo.results.comparison.metrics import Checkpoint, Measure
from ganzoo.results.comparison.protocols import ScoredRun
from ganzoo.results.comparison.statistics import Summary, summarise
from ganzoo.results.comparison.table import Row, Unranked

_ENDED = ("complete", *FAILURES)
_MOST_REASONS = 3
"""Reasons that a row gives for missing scores; more are counted."""


def make_rows(runs: Sequence[ScoredRun], axes: Sequence[str], averaged: Sequence[str], measure: Measure) -> list[Row]:
    """Make a row of the runs that have the same value on each of `axes`, in the order of the axes' values.

    The rows have no rank yet, but the reason why they may not win: a mean over the runs that survived, or are done, is
    none over all of them, nor is one over fewer settings than others.
    """
    groups: dict[tuple[Any, ...], list[ScoredRun]] = {}
    for run in runs:
        groups.setdefault(key_of(run.result, axes), []).append(run)
    values = [list_values(axis, [run.result for run in runs]) for axis in axes]
    positions = [{value: i for i, value in enumerate(own)} for own in values]
    order = sorted(groups, key=lambda key: [own[value] for own, value in zip(positions, key, strict=True)])
    made = [_make_row(groups[key], axes, averaged, measure) for key in order]
    everything = _settings(runs, averaged, measure)
    whole = [_settings(groups[key], averaged, measure) == everything for key in order]
    return [
        replace(row, unranked="settings") if row.summary(measure) and not row.failures and not complete else row
        for row, complete in zip(made, whole, strict=True)
    ]


def _settings(runs: Sequence[ScoredRun], averaged: Sequence[str], measure: Measure) -> set[tuple[Any, ...]]:
    """Return the settings that a mean over these runs is over."""
    return {key_of(run.result, averaged) for run in runs if run.score(measure) is not None}


def _make_row(runs: Sequence[ScoredRun], axes: Sequence[str], averaged: Sequence[str], measure: Measure) -> Row:
    results = tuple(run.result for run in runs)
    complete = [result for result in results if result.state == "complete"]
    states = Counter(result.state for result in results)
    failures = {state: states[state] for state in FAILURES if states[state]}
    return Row(
        axes=dict(zip(axes, key_of(results[0], axes), strict=True)),
        results=results,
        last=_summarise(runs, averaged, "last"),
        best=_summarise(runs, averaged, "best"),
        images=_mean(result.images for result in complete),
        seconds=_mean(result.seconds for result in complete),
        flops=_mean(result.flops for result in complete),
        parameters=_mean(result.parameters for result in complete),
        memory_mb=_mean(result.memory_mb for result in complete),
        rank="",
        unranked=_find_obstacle(runs, failures, measure),
        p_adjusted=None,
        failures=failures,
        ended=sum(states[state] for state in _ENDED),
        reason=_explain(runs, measure),
    )


def _find_obstacle(runs: Sequence[ScoredRun], failures: Mapping[str, int], measure: Measure) -> Unranked:
    """Return why the mean of these runs may not win: it is over those that came through, or are done so far."""
    scored = [run.score(measure) is not None for run in runs if run.result.state != "refused"]
    if all(scored) or not any(scored):
        return ""
    return "failed" if failures else "unfinished"


def _summarise(runs: Sequence[ScoredRun], averaged: Sequence[str], checkpoint: Checkpoint) -> dict[str, Summary]:
    """Return every score of a checkpoint over the seeds, by its name."""
    names = dict.fromkeys(name for run in runs for name in run.scores(checkpoint))
    by_seed = {name: _by_seed(runs, averaged, Measure(name, checkpoint)) for name in names}
    return {name: summarise(values) for name, values in by_seed.items() if values}


def _by_seed(runs: Sequence[ScoredRun], averaged: Sequence[str], measure: Measure) -> dict[int, float]:
    """Return one value per seed. Where settings are averaged over, a seed counts only if it has all of them."""
    seeds: dict[int, dict[tuple[Any, ...], list[float]]] = {}
    for run in runs:
        value = run.score(measure)
        if value is not None:
            combinations = seeds.setdefault(run.result.seed, {})
            combinations.setdefault(key_of(run.result, averaged), []).append(value)
    all_combinations = {key for combinations in seeds.values() for key in combinations}
    return {
        seed: _average([_average(values) for values in combinations.values()])
        for seed, combinations in sorted(seeds.items())
        if len(combinations) == len(all_combinations)
    }


def _average(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return _average(known) if known else None


def _explain(runs: Sequence[ScoredRun], measure: Measure) -> str:
    """Say why runs of a row have no score, each reason once with its seeds."""
    reasons: dict[str, list[int]] = {}
    for run in runs:
        if reason := _reason(run, measure):
            reasons.setdefault(reason, []).append(run.result.seed)
    shown = [_with_seeds(reason, seeds, len(runs)) for reason, seeds in list(reasons.items())[:_MOST_REASONS]]
    if (more := len(reasons) - _MOST_REASONS) > 0:
        shown.append(f"and {more} more reasons")
    return "; ".join(shown)


def _with_seeds(reason: str, seeds: Sequence[int], runs: int) -> str:
    """Put the seeds before a reason, unless it is that of all runs."""
    if len(seeds) == runs:
        return reason
    different = sorted(set(seeds))
    noun = "seeds" if len(different) > 1 else "seed"
    return f"{noun} {', '.join(map(str, different))}: {reason}"


def _reason(run: ScoredRun, measure: Measure) -> str:
    """Return why a run has no score; "" if it has one."""
    result = run.result
    if result.state != "complete":
        return f"{result.state}: {result.reason}" if result.reason else result.state
    scores = run.scores(measure.checkpoint)
    if not scores:
        best = " --best" if measure.checkpoint == "best" else ""
        return f"not scored: ganzoo evaluate {result.path}{best}"
    if measure.metric not in scores:
        return f"has no {measure.metric}"
    return "" if run.score(measure) is not None else f"its {measure.metric} is {scores[measure.metric]['value']}"
