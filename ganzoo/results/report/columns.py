"""The rows of a table as cells of a page: what they show, and by what they are sorted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ganzoo.results.comparison import Row, Summary, Table, score_of, short
from ganzoo.results.tables.numbers import show_count, show_flops, show_minutes, show_std, show_summary, show_value
from ganzoo.results.tables.sheet import MARKS

_MEANINGS = {"alike": "not distinguishable from the best", "untested": "untested"}


@dataclass(frozen=True)
class Cell:
    """What one column shows of one row."""

    text: str = ""
    sort: float | str | None = None
    """None where there is nothing: such rows come last, in either direction."""
    strong: bool = False
    """The best."""
    mark: str = ""
    meaning: str = ""
    """Of the mark, in words."""
    note: str = ""


@dataclass(frozen=True)
class Column:
    """A column of the page's table."""

    key: str
    label: str
    make: Callable[[Row], Cell]
    hint: str = ""
    classes: str = "number"
    tag: str = "td"
    extra: bool = False
    """Shown on demand."""


def label_row(row: Row) -> str:
    """Return what tells a row from the others, in a few words."""
    return " · ".join(map(show_value, row.axes.values())) or row.results[0].name


def make_columns(table: Table) -> list[Column]:
    """Return the columns that at least one row has something for, then the other scores."""
    label = Column("row", "row", lambda row: Cell(label_row(row), label_row(row)), classes="narrow", tag="th")
    columns = [label, *map(_axis_column, table.axes), *_score_columns(table), _outcome_column(), *_cost_columns()]
    filled = [column for column in columns if any(column.make(row).text for row in table.rows)]
    return filled + [_other_score(name, better) for name, better in table.metrics.items() if name != table.metric]


def _axis_column(axis: str) -> Column:
    def make(row: Row) -> Cell:
        value, text = row.axes[axis], show_value(row.axes[axis])
        return Cell(text, value if isinstance(value, float) or type(value) is int else text)

    return Column(f"axis {axis}", short(axis), make, classes="wide", tag="th")


def _score_columns(table: Table) -> list[Column]:
    name, ranked = table.metric, table.checkpoint
    hint = f"{name}, {table.better} is better: mean over the seeds ± half of its 95 % interval"
    return [
        Column("last", f"{name}\nlast", lambda row: _score(row, name, "last", ranked), f"{hint}; last checkpoint"),
        Column("best", "best", lambda row: _score(row, name, "best", ranked), f"{hint}; best checkpoint"),
        Column("std", "std", lambda row: _std(score_of(row, name, ranked)), "Standard deviation over the seeds"),
        Column("n", "n", lambda row: _seeds(score_of(row, name, ranked)), "Seeds with a score"),
        Column("p", "p", lambda row: _number(row.p, lambda p: f"{p:.2g}"), "Of the test against the best row"),
    ]


def _other_score(name: str, better: str) -> Column:
    hint = f"{name}, {better} is better; last checkpoint"
    return Column(f"score {name}", name, lambda row: _score(row, name, "last", ""), hint, "number extra", extra=True)


def _score(row: Row, name: str, checkpoint: str, ranked: str) -> Cell:
    """A score; with bold and mark if it is of the checkpoint that ranks."""
    if (summary := score_of(row, name, checkpoint)) is None:
        return Cell()
    rank = row.rank if checkpoint == ranked else ""
    mark, meaning = MARKS.get(rank, ""), _MEANINGS.get(rank, "")
    return Cell(show_summary(summary), summary.mean, rank == "best", mark, meaning)


def _std(summary: Summary | None) -> Cell:
    return Cell() if summary is None else Cell(show_std(summary), summary.std)


def _seeds(summary: Summary | None) -> Cell:
    return Cell() if summary is None else Cell(str(summary.n), summary.n)


def _outcome_column() -> Column:
    hint = "Runs that diverged, failed or timed out, of those that ended; why runs have no score"
    return Column("outcome", "failed", _outcome, hint, "reason")


def _outcome(row: Row) -> Cell:
    if not row.ended:
        return Cell(row.reason or ", ".join(dict.fromkeys(run.state for run in row.results)))
    text = ", ".join(f"{state} {k}/{row.ended}" for state, k in row.failures.items()) or f"0/{row.ended}"
    return Cell(text, sum(row.failures.values()) / row.ended, note=row.reason)


def _cost_columns() -> list[Column]:
    return [
        Column("images", "images", lambda row: _number(row.images, show_count), "Real images that D saw"),
        Column("seconds", "time\n(min)", lambda row: _number(row.seconds, show_minutes), "Wall time of training"),
        Column("flops", "FLOPs", lambda row: _number(row.flops, show_flops), "Of the training"),
        Column("parameters", "parameters", lambda row: _number(row.parameters, show_count), "Of G and D together"),
        Column("memory", "memory\n(MB)", lambda row: _number(row.memory_mb, lambda x: f"{x:.0f}"), "Peak"),
    ]


def _number(value: float | None, write: Callable[[float], str]) -> Cell:
    return Cell() if value is None else Cell(write(value), value)


def list_filters(table: Table) -> list[Mapping[str, Any]]:
    """Return the axes with more than one value: {"name", "label", "values"}."""
    values = {axis: list(dict.fromkeys(show_value(row.axes[axis]) for row in table.rows)) for axis in table.axes}
    return [{"name": a, "label": short(a), "choices": sorted(v)} for a, v in values.items() if len(v) > 1]
