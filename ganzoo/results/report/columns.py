"""Columns of a report's table, and how its rows are named and filtered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ganzoo.results.comparison import Measure, Row, Table, short
from ganzoo.results.tables.columns import (
    Column,
    Entry,
    axis_column,
    cost_columns,
    numbers,
    score_column,
    seeds_column,
    show_failures,
    std_column,
)
from ganzoo.results.tables.narrow import split_equal
from ganzoo.results.tables.numbers import show_value

SAYS_NOTHING_ALONE = ("std", "n", "p", "outcome")
"""Keys of columns that say nothing of a single row."""


def label_row(row: Row) -> str:
    """Return what tells a row from the others, in a few words."""
    return " · ".join(map(show_value, row.axes.values())) or row.results[0].name


def make_columns(table: Table) -> tuple[list[Column], tuple[str, ...]]:
    """Return the columns that tell rows apart, then the other scores; and a remark about those equal in all rows."""
    filled = [column for column in _main_columns(table) if not column.is_empty]
    if len(table.rows) == 1:
        filled = [column for column in filled if column.key not in SAYS_NOTHING_ALONE]
    others = [Measure(name, "last") for name in table.metrics if name != table.metric]
    kept, remarks = split_equal(filled)
    return [*kept, *(_extra_column(table, measure) for measure in others)], remarks


def _main_columns(table: Table) -> Iterator[Column]:
    labels = map(label_row, table.rows)
    yield Column("row", "row", tuple(Entry(label, label) for label in labels), kind="label")
    yield from (axis_column(table, axis) for axis in table.axes)
    yield score_column(table, Measure(table.metric, "last"), f"{table.metric}\nlast")
    yield score_column(table, Measure(table.metric, "best"), "best")
    yield std_column(table, table.measure)
    yield seeds_column(table)
    hint = "p of the test against the best row, adjusted for the choice of that row"
    yield Column("p", "p\nadjusted", numbers([row.p_adjusted for row in table.rows], "{:.2g}".format), hint)
    hint = "Runs that diverged, failed or timed out, of those that ended; why runs have no score"
    yield Column("outcome", "failed", tuple(map(_outcome, table.rows)), hint, kind="text")
    yield from cost_columns(table)


def _extra_column(table: Table, measure: Measure) -> Column:
    column = score_column(table, measure, measure.metric)
    return replace(column, key=f"score {measure.metric}", kind="extra")


def _outcome(row: Row) -> Entry:
    if not row.ended:
        return Entry(row.reason or ", ".join(dict.fromkeys(run.state for run in row.results)))
    return Entry(show_failures(row), sum(row.failures.values()) / row.ended, note=row.reason)


def list_filters(table: Table) -> list[Mapping[str, Any]]:
    """Return the axes with more than one value: {"name", "label", "choices"}."""
    values = {axis: list(dict.fromkeys(show_value(row.axes[axis]) for row in table.rows)) for axis in table.axes}
    return [{"name": a, "label": short(a), "choices": sorted(v)} for a, v in values.items() if len(v) > 1]
