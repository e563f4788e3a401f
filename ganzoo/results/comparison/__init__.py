"""Many runs become one table: rows over seeds, the best and what cannot be told from it, the effect of each axis.

table       the values: Table, Row, Effect
axes        the settings in which the runs differ
metrics     the score that is asked for
asked       the protocol that is asked for, or that a run asks for itself
groups      runs that may be ranked together
protocols   the reports that may be ranked together
rows        summaries over seeds
ranking     the best row, and tests against it
family      the chance that equal rows look different
effects     pairs of runs that differ in one axis, and what else differs
statistics  intervals, and the test of two means
overview    the runs below a folder, in one line each
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ganzoo.results.comparison.asked import Asked
from ganzoo.results.comparison.axes import choose_axes, choose_results, find_axes, key_of, list_values, short
from ganzoo.results.comparison.effects import compare_costs, find_effects
from ganzoo.results.comparison.groups import split
from ganzoo.results.comparison.metrics import Checkpoint, Measure, choose_metric
from ganzoo.results.comparison.protocols import ScoredRun, select_reports
from ganzoo.results.comparison.ranking import describe_test, explain_unranked, rank_rows
from ganzoo.results.comparison.rows import make_rows
from ganzoo.results.comparison.statistics import Summary
from ganzoo.results.comparison.table import Change, Effect, Rank, Row, Table
from ganzoo.results.read import UNREADABLE, Result, as_results

__all__ = [
    "Change",
    "Checkpoint",
    "Effect",
    "Measure",
    "Rank",
    "Row",
    "Summary",
    "Table",
    "choose_metric",
    "choose_results",
    "make_table",
    "short",
    "split",
]


def make_table(
    results: Sequence[Result] | Sequence[str | Path] | str | Path, *, group_by: Sequence[str] | None = None,
    metric: str | None = None, checkpoint: Checkpoint = "last", sort: str | None = None,
    protocol: Mapping[str, str] | None = None,
) -> Table:  # fmt: skip
    """Group runs, or those in these folders, into rows and rank them.

    `group_by` and `sort` take axes, `metric` a score, by short names too: group_by=["loss"], metric="kid".

    The scores are those of the runs' own settings, unless `protocol` asks for others: {"samples": "500"}.
    Raises EvaluationError if scores may not be ranked together, ConfigError if no run has an axis or a metric.
    """
    results, notes = _leave_out(as_results(results))
    selection = select_reports(results, checkpoint, Asked(protocol or {}))  # refuses unlike protocols
    axes = find_axes(results)
    shown = axes if group_by is None else choose_axes(group_by, axes)
    averaged = tuple(axis for axis in axes if axis not in shown)
    metrics = _list_metrics(selection.runs)
    measure = Measure(choose_metric(metric, metrics), checkpoint)
    better = metrics.get(measure.metric, "lower")
    rows = rank_rows(make_rows(selection.runs, shown, averaged, measure), measure, better)
    if sort is not None:
        (axis,) = choose_axes([sort], shown)
        rows = sorted(rows, key=lambda row: list_values(axis, results).index(row.axes[axis]))
    return Table(
        axes=shown, averaged=averaged, metric=measure.metric, better=better, metrics=metrics, checkpoint=checkpoint,
        rows=tuple(rows), effects=tuple(find_effects(shown, axes, selection.runs, measure)),
        test=describe_test(rows), protocol=selection.protocol,
        notes=(*notes, *selection.notes, *_remarks(rows, measure, results, axes, averaged)),
    )  # fmt: skip


def _leave_out(results: Sequence[Result]) -> tuple[list[Result], list[str]]:
    """Return the runs that can be read, and remarks about the others and about files that are damaged."""
    left_out = [f"{result.name} is left out: {result.reason}" for result in results if result.state == UNREADABLE]
    damaged = [remark for result in results for remark in result.remarks]
    return [result for result in results if result.state != UNREADABLE], [*left_out, *damaged]


def _list_metrics(runs: Sequence[ScoredRun]) -> dict[str, str]:
    """Return every score that a run has -> its better direction."""
    return {name: score["better"] for run in runs for scores in (run.last, run.best) for name, score in scores.items()}


def _remarks(
    rows: Sequence[Row], measure: Measure, results: Sequence[Result], axes: Sequence[str], averaged: Sequence[str]
) -> list[str]:
    """Say what the means of the rows are over, and why rows have no rank."""
    remarks = [f"Averaged over {', '.join(map(short, averaged))}."] if averaged else []
    remarks += [*explain_unranked(rows, measure), *filter(None, [compare_costs(rows)])]
    scored = [summary.n for row in rows if (summary := row.summary(measure))]
    if len(rows) > 1 and max(scored, default=0) == 1:  # rows without a score differ from none
        remarks.append("Each row is one seed: its differences from others may be chance (ganzoo compare --seeds 3).")
    repeated = len(results) - len({(key_of(result, axes), result.seed) for result in results})
    if repeated:
        those = f"{repeated} runs have" if repeated > 1 else "One run has"
        remarks.append(f"{those} the settings and the seed of another: such runs are averaged first.")
    return remarks
