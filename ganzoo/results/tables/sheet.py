"""A table as cells of text: what is shown, before it is known how."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from ganzoo.results.comparison import Row, Summary, Table, score_of, short
from ganzoo.results.read import Origin
from ganzoo.results.tables.numbers import (
    show_count,
    show_effect,
    show_flops,
    show_minutes,
    show_std,
    show_summary,
    show_value,
)

MARKS: Mapping[str, str] = {"alike": "~", "untested": "?"}
_ARROWS = {"lower": "↓", "higher": "↑"}


@dataclass(frozen=True)
class Cell:
    """One cell, without a format's own signs."""

    text: str
    strong: bool = False
    """The best."""
    mark: str = ""
    """"~" not distinguishable from the best, "?" untested."""


@dataclass(frozen=True)
class Column:
    """One column; empty ones are left out of a sheet."""

    header: str
    cells: tuple[Cell, ...]
    number: bool
    """Aligned to the right."""


@dataclass(frozen=True)
class Sheet:
    """What stands above, in and below a table."""

    columns: tuple[Column, ...]
    remarks: tuple[str, ...]
    effects_title: str
    effects: tuple[str, ...]
    origin: tuple[tuple[str, str], ...]
    """How the runs were made, as pairs of a word and a text."""

    @property
    def rows(self) -> list[tuple[Cell, ...]]:
        """The cells, row by row."""
        return list(zip(*(column.cells for column in self.columns), strict=True))


def lay_out(table: Table, metrics: Sequence[str], origin: Origin | None, *, strong: str) -> Sheet:
    """Choose columns and words; `metrics` are shown beside the one that ranks, `strong` says how the best is marked."""
    shown = [name for name in dict.fromkeys([table.metric, *metrics]) if name]
    columns = [
        *(_column(table, short(axis), partial(_show_axis, axis)) for axis in table.axes),
        _column(table, "n", lambda row: _count_seeds(table, row), number=True),
        *(column for name in shown for checkpoint in ("last", "best") for column in _scores(table, name, checkpoint)),
        _column(table, "failed", _show_failures),
        *_costs(table),
        _column(table, "remark", lambda row: row.reason),
    ]
    filled = tuple(column for column in columns if any(cell.text for cell in column.cells))
    title = f"Difference in {table.metric} with one value instead of another, all else equal; {_sign(table)}"
    effects = tuple(plain(show_effect(effect)) for effect in table.effects)
    return Sheet(
        filled, tuple(map(plain, _remarks(table, strong))), title, effects, _describe(origin) if origin else ()
    )


def plain(text: str) -> str:
    """Return one line of printable characters: names and reasons come from anywhere."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _column(table: Table, header: str, show: Callable[[Row], str], *, number: bool = False) -> Column:
    return Column(plain(header), tuple(Cell(plain(show(row))) for row in table.rows), number)


def _scores(table: Table, name: str, checkpoint: str) -> list[Column]:
    ranks = (name, checkpoint) == (table.metric, table.checkpoint)

    def show(row: Row, text: Callable[[Summary], str]) -> str:
        summary = score_of(row, name, checkpoint)
        return "" if summary is None else text(summary)

    cells = tuple(
        Cell(show(row, show_summary), ranks and row.rank == "best", MARKS.get(row.rank, "") if ranks else "")
        for row in table.rows
    )
    header = f"{checkpoint} {name} {_ARROWS.get(table.metrics[name], '')}"
    return [
        Column(plain(header), cells, number=True),
        _column(table, "std", lambda row: show(row, show_std), number=True),
    ]


def _costs(table: Table) -> list[Column]:
    shown: list[tuple[str, str, Callable[[float], str]]] = [
        ("images", "images", show_count),
        ("time (min)", "seconds", show_minutes),
        ("FLOPs", "flops", show_flops),
        ("parameters", "parameters", show_count),
        ("memory (MB)", "memory_mb", "{:.0f}".format),
    ]
    return [_column(table, header, partial(_show_cost, cost, show), number=True) for header, cost, show in shown]


def _show_cost(cost: str, show: Callable[[float], str], row: Row) -> str:
    value: float | None = getattr(row, cost)
    return "" if value is None else show(value)


def _show_axis(axis: str, row: Row) -> str:
    return show_value(row.axes[axis])


def _count_seeds(table: Table, row: Row) -> str:
    summary = score_of(row, table.metric, table.checkpoint)
    return "" if summary is None else str(summary.n)


def _show_failures(row: Row) -> str:
    """diverged 1/3; 0/3 where all came through; empty where nothing has ended."""
    if not row.ended:
        return ""
    return ", ".join(f"{state} {k}/{row.ended}" for state, k in row.failures.items()) or f"0/{row.ended}"


def _sign(table: Table) -> str:
    return f"{table.better} is better, so {'negative' if table.better == 'lower' else 'positive'} helps"


def _remarks(table: Table, strong: str) -> list[str]:
    if not table.metric:
        return ["No run has a score yet.", *table.notes]
    ranked = f"Ranked by {table.metric} of the {table.checkpoint} checkpoint, {table.better} is better."
    interval = "Scores are means with half of their 95 % interval over n seeds (Student's t)."
    best = "best is the checkpoint that the run's own evaluations chose." * any(row.best for row in table.rows)
    marks = f"The best is {strong}, what is not distinguishable from it ~, what is untested ?."
    tested = [f"{marks} {table.test}"] if table.test else []
    return [f"{ranked} {interval} {best}", *tested, *table.notes, _describe_protocol(table)]


def _describe_protocol(table: Table) -> str:
    generated, reference = table.protocol["generated"], table.protocol["reference"]
    split = f", {reference['options']['split']} split" if "split" in reference["options"] else ""
    return (
        f"Protocol: features {table.protocol['features']}; {generated['count']} images generated by "
        f"{'G_ema' if generated['weights'] == 'ema' else 'G'}; reference {reference['count']} images of "
        f"{reference['dataset']}{split}, sha256 {reference['sha256'][:8]}."
    )


def _describe(origin: Origin) -> tuple[tuple[str, str], ...]:
    states = ", ".join(f"{count} {state}" for state, count in origin.states.items())
    hours = "" if origin.elapsed is None else f"; {_show_hours(origin.elapsed)} from the first to the last"
    pairs = [
        *(("Command", shlex.join(command)) for command in origin.commands),
        ("Date", origin.created),
        ("Cells", f"{origin.cells} ({states})"),
        ("Time", f"{_show_hours(origin.seconds)} in all cells together{hours}"),
        *(("Machine", machine) for machine in origin.machines),
    ]
    return tuple((word, plain(text)) for word, text in pairs)


def _show_hours(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 2:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02d} min"
