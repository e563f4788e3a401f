"""Columns of a table, which tables and reports share: what is shown of each row, and by what it is sorted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from ganzoo.results.comparison import Measure, Row, Summary, Table, short
from ganzoo.results.tables.numbers import (
    common_place,
    show_count,
    show_flops,
    show_minutes,
    show_std,
    show_summary,
    show_value,
)

MARKS: Mapping[str, str] = {"alike": "~", "untested": "?"}
"""Rank of a row -> the mark of its score."""
_MEANINGS = {"alike": "not distinguishable from the best", "untested": "untested"}


@dataclass(frozen=True)
class Entry:
    """One row in one column, without the signs of a format."""

    text: str = ""
    sort: float | str | None = None
    """Sort key; None if there is nothing to show: such rows come last, in either direction."""
    strong: bool = False
    """True for the score of the best row."""
    mark: str = ""
    """"~" not distinguishable from the best, "?" untested."""
    meaning: str = ""
    """The mark in words."""
    note: str = ""


@dataclass(frozen=True)
class Column:
    """One column: an entry per row."""

    key: str
    header: str
    """May have a line break, where a narrow column breaks it."""
    entries: tuple[Entry, ...]
    hint: str = ""
    kind: Literal["label", "axis", "number", "text", "extra"] = "number"
    """A label of the row, an axis of the table, numbers, sentences, or numbers that are shown on demand."""

    @property
    def name(self) -> str:
        """Header as part of a sentence."""
        return " ".join(self.header.split())

    @property
    def names(self) -> tuple[str, str]:
        """Names by which a user asks for the column: "loss", "last", "seconds" or "time"."""
        return self.key.removeprefix("axis ").removesuffix(".name"), self.header.split()[0]

    @property
    def is_number(self) -> bool:
        """True for a column that is aligned to the right."""
        return self.kind in ("number", "extra")

    @property
    def is_empty(self) -> bool:
        """True if no row has anything to show."""
        return not any(entry.text for entry in self.entries)


def axis_column(table: Table, axis: str) -> Column:
    """Return the values of the rows on one axis; numbers are sorted as such."""

    def show(row: Row) -> Entry:
        value, text = row.axes[axis], show_value(row.axes[axis])
        return Entry(text, value if isinstance(value, float) or type(value) is int else text)

    return Column(f"axis {axis}", short(axis), tuple(map(show, table.rows)), kind="axis")


def run_column(table: Table) -> Column:
    """Return the name of the run where each row is one run; else an empty column."""
    names = [row.results[0].name if len(row.results) == 1 else "" for row in table.rows]
    entries = tuple(Entry(name, name) if all(names) else Entry() for name in names)
    return Column("run", "run", entries, kind="label")


def score_column(table: Table, measure: Measure, header: str) -> Column:
    """Return one score of each row, with the best in bold and marks if it is the score that ranks."""

    place = common_place([summary for row in table.rows if (summary := row.summary(measure))])

    def show(row: Row) -> Entry:
        summary = row.summary(measure)
        if summary is None:
            return Entry()
        rank = row.rank if measure == table.measure else ""
        mark, meaning = MARKS.get(rank, ""), _MEANINGS.get(rank, "")
        return Entry(show_summary(summary, place), summary.mean, rank == "best", mark, meaning)

    better = table.metrics.get(measure.metric, "lower")
    hint = f"{measure.metric}, {better} is better: mean over the seeds ± half of its 95 % interval"
    return Column(measure.checkpoint, header, tuple(map(show, table.rows)), f"{hint}; {measure.checkpoint} checkpoint")


def std_column(table: Table, measure: Measure) -> Column:
    """Return the standard deviation of a score over the seeds."""

    place = common_place([summary for row in table.rows if (summary := row.summary(measure))])

    def show(summary: Summary | None) -> Entry:
        return Entry() if summary is None else Entry(show_std(summary, place), summary.std)

    entries = tuple(show(row.summary(measure)) for row in table.rows)
    return Column("std", "std", entries, "Standard deviation over the seeds")


def seeds_column(table: Table) -> Column:
    """Return how many seeds of each row have the score that ranks."""
    summaries = [row.summary(table.measure) for row in table.rows]
    entries = tuple(Entry() if summary is None else Entry(str(summary.n), summary.n) for summary in summaries)
    return Column("n", "n", entries, "Seeds with a score")


def cost_columns(table: Table) -> list[Column]:
    """Return what the training of a run cost, as means over the runs of each row."""
    rows = table.rows
    return [
        Column("images", "images", numbers([row.images for row in rows], show_count), "Real images that D saw"),
        Column("seconds", "time\n(min)", numbers([row.seconds for row in rows], show_minutes), "Training time"),
        Column("flops", "FLOPs", numbers([row.flops for row in rows], show_flops), "Operations of the training"),
        Column("parameters", "parameters", numbers([row.parameters for row in rows], show_count), "Weights of G and D"),
        Column("memory", "memory\n(MB)", numbers([row.memory_mb for row in rows], "{:.0f}".format), "Peak memory"),
    ]


def numbers(values: list[float | None], show: Callable[[float], str]) -> tuple[Entry, ...]:
    """Return an entry for each number; an empty one for None."""
    return tuple(Entry() if value is None else Entry(show(value), value) for value in values)


def show_failures(row: Row) -> str:
    """Return "diverged 1/3" for a row with failures, "0/3" without; "" if no run has ended."""
    if not row.ended:
        return ""
    failures = [f"{state} {count}/{row.ended}" for state, count in row.failures.items()]
    return ", ".join(failures) or f"0/{row.ended}"
