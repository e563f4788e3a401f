"""Many runs become one table: rows over seeds, the best and what cannot be told from it, the effect of each axis.

table       the values: Table, Row, Effect
axes        by what the runs differ
metrics     which score is meant
protocols   which reports may be ranked together
rows        summaries over seeds, ranks
effects     pairs of runs that differ in one axis
statistics  intervals and tests
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from ganzoo.results.comparison.axes import choose_axes, choose_results, find_axes, key_of, list_values, short
from ganzoo.results.comparison.effects import find_effects
from ganzoo.results.comparison.metrics import choose_metric
from ganzoo.results.comparison.protocols import Scored, select_reports
from ganzoo.results.comparison.rows import make_row, rank_rows
from ganzoo.results.comparison.statistics import Summary
from ganzoo.results.comparison.table import Effect, Rank, Row, Table
from ganzoo.results.read import Result

__all__ = [
    "Effect",
    "Rank",
    "Row",
    "Summary",
    "Table",
    "choose_metric",
    "choose_results",
    "compare",
    "score_of",
    "short",
]


def compare(
    results: Sequence[Result],
    *,
    group_by: Sequence[str] | None = None,
    metric: str | None = None,
    checkpoint: Literal["last", "best"] = "last",
    sort: str | None = None,
) -> Table:
    """Group runs into rows and rank them; `group_by` and `sort` take axes, `metric` a score, by short names too.

    Raises EvaluationError for runs whose scores may not be ranked together, ConfigError for an axis or a
    metric that is not there.
    """
    selection, axes = select_reports(results, checkpoint), find_axes(results)
    shown = axes if group_by is None else choose_axes(group_by, axes)
    averaged = tuple(axis for axis in axes if axis not in shown)
    metrics = _list_metrics(selection.runs)
    chosen = choose_metric(metric, metrics)
    better = metrics.get(chosen, "lower")
    groups = _group(selection.runs, shown)
    rows = [make_row(shown, averaged, runs, chosen, checkpoint) for runs in groups]
    ranked = {i for i, row in enumerate(rows) if _may_win(row, rows, averaged, chosen, checkpoint)}
    ordered = rank_rows(rows, lambda row: score_of(row, chosen, checkpoint), better, ranked)
    if sort is not None:
        (axis,) = choose_axes([sort], shown)
        ordered.sort(key=lambda row: list_values(axis, results).index(row.axes[axis]))
    effects = [effect for axis in shown for effect in find_effects(axis, axes, selection.runs, chosen, checkpoint)]
    return Table(
        axes=shown,
        averaged=averaged,
        metric=chosen,
        better=better,
        metrics=metrics,
        checkpoint=checkpoint,
        rows=tuple(ordered),
        effects=tuple(effects),
        test=_describe_test(len(ranked)),
        protocol=selection.protocol,
        notes=(*selection.notes, *_remarks(rows, ranked, results, axes, averaged, chosen, checkpoint)),
    )


def score_of(row: Row, metric: str, checkpoint: str) -> Summary | None:
    """Return the score of a row at its last or best checkpoint; None if it has none."""
    return (row.last if checkpoint == "last" else row.best).get(metric)


def _list_metrics(runs: Sequence[Scored]) -> dict[str, str]:
    return {name: score["better"] for run in runs for scores in (run.last, run.best) for name, score in scores.items()}


def _group(runs: Sequence[Scored], axes: Sequence[str]) -> list[list[Scored]]:
    """Runs with the same value on every axis, in the order of the axes' values."""
    groups: dict[tuple[Any, ...], list[Scored]] = {}
    for run in runs:
        groups.setdefault(key_of(run.result, axes), []).append(run)
    places = [{v: i for i, v in enumerate(list_values(axis, [run.result for run in runs]))} for axis in axes]
    order = sorted(groups, key=lambda key: [place[value] for place, value in zip(places, key, strict=True)])
    return [groups[key] for key in order]


def _may_win(row: Row, rows: Sequence[Row], averaged: Sequence[str], metric: str, checkpoint: str) -> bool:
    """A mean over survivors wins nothing, nor does one over fewer settings than the others are averaged over."""
    if row.failures or score_of(row, metric, checkpoint) is None:
        return False
    everything = {key for other in rows for key in _settings(other, averaged, metric, checkpoint)}
    return not averaged or _settings(row, averaged, metric, checkpoint) == everything


def _settings(row: Row, averaged: Sequence[str], metric: str, checkpoint: str) -> set[tuple[Any, ...]]:
    """The settings that a row is a mean over."""
    return {key_of(result, averaged) for result in row.results if _is_scored(result, metric, checkpoint)}


def _is_scored(result: Result, metric: str, checkpoint: str) -> bool:
    reports = [report for report in result.reports if report["checkpoint"] == checkpoint]
    return result.state == "complete" and any(metric in report["scores"] for report in reports)


def _describe_test(ranked: int) -> str:
    if ranked < 2:
        return ""
    return (
        "Not distinguishable from the best: p >= 0.05 in a two-sided paired t-test over the common seeds, "
        f"not corrected for the number of rows ({ranked - 1} against the best). Untested: fewer than two common seeds."
    )


def _remarks(
    rows: Sequence[Row],
    ranked: set[int],
    results: Sequence[Result],
    axes: Sequence[str],
    averaged: Sequence[str],
    metric: str,
    checkpoint: str,
) -> list[str]:
    remarks = []
    if averaged:
        remarks.append(f"Averaged over {', '.join(map(short, averaged))}.")
    unranked = [row for i, row in enumerate(rows) if i not in ranked and score_of(row, metric, checkpoint)]
    if any(row.failures for row in unranked):
        remarks.append("Rows with runs that failed or diverged are means over those that came through: not ranked.")
    if any(not row.failures for row in unranked):
        remarks.append("Rows without some of the settings that others are averaged over are not ranked.")
    repeated = len(results) - len({(key_of(result, axes), result.seed) for result in results})
    if repeated:
        remarks.append(f"Of {repeated} runs the settings and the seed are those of another: they are averaged first.")
    return remarks
