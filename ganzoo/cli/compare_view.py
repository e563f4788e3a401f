"""Output of `ganzoo compare`: the plan, the cells as they run, and their table."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from shlex import quote
from types import TracebackType
from typing import Any

import click
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table as RichTable
from rich.text import Text

from ganzoo.cells import Cell, Ending
from ganzoo.cli.terminal import duration, print_table, terminal_looks
from ganzoo.contracts import Engine
from ganzoo.errors import GanzooError
from ganzoo.grid.folder import GridFolder
from ganzoo.grid.plan import PlannedCell
from ganzoo.grid.run import GridObserver
from ganzoo.results.comparison import make_table, split
from ganzoo.results.read import read_results
from ganzoo.runs.folder import RunFolder, read_reports
from ganzoo.runs.records import read_last_log_record

OVERHEAD = 8.0
"""Seconds of a cell beside its steps, for imports and scores."""


class GridDisplay(GridObserver):
    """Show running cells above the table as it fills on a terminal, else print a line per cell that ended."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._live: Live | None = None
        self._begun = time.time()
        self._ended: dict[str, Ending] = {}
        self._missing: Sequence[Cell] = ()
        self._table: RichTable | None = None

    def __enter__(self) -> GridDisplay:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            with suppress(OSError):  # the terminal may be closed
                self._live.stop()

    def start(self, grid: GridFolder, missing: Sequence[Cell], present: int) -> None:
        """Print how many cells are to run."""
        self._grid, self._missing = grid, missing
        self._print(f"{len(missing)} cells to run, {present} there already  ->  {grid.path}")
        if self._console.is_terminal and missing:
            self._live = Live(get_renderable=self._render, console=self._console, refresh_per_second=2, transient=True)
            self._live.start()

    def end(self, cell: Cell, ending: Ending) -> None:
        """Print how a cell ended."""
        self._ended[cell.name] = ending
        reason = f": {ending.reason}" if ending.reason else ""
        score = _score(cell) if ending.state == "complete" else ""
        count = f"{len(self._ended)}/{len(self._missing)}"
        self._print(f"{count}  {cell.name}  {ending.state} in {duration(ending.seconds)}{score}{reason}")
        if self._live is not None:
            self._table = _make_table(self._grid.path)

    def _render(self) -> Group:
        """Return a line per running cell, then the table."""
        running = [cell for cell in self._missing if cell.name not in self._ended and self._is_begun(cell)]
        lines = [Text(f"{cell.name}  {_progress(cell)}", no_wrap=True, overflow="ellipsis") for cell in running]
        left = len(self._missing) - len(self._ended) - len(running)
        head = Text(
            f"{len(self._ended)} ended, {len(running)} running, {left} waiting, {self._time_left(len(running))}"
        )
        return Group(head, *lines, *([self._table] if self._table else []))

    def _is_begun(self, cell: Cell) -> bool:
        return cell.log.is_file() and cell.log.stat().st_mtime >= self._begun

    def _time_left(self, at_once: int) -> str:
        if not self._ended or not at_once:
            return "time left unknown"
        mean = sum(ending.seconds for ending in self._ended.values()) / len(self._ended)
        return f"about {duration(mean * (len(self._missing) - len(self._ended)) / at_once)} left"

    def _print(self, text: str) -> None:
        with suppress(OSError):  # the terminal may be closed
            self._console.print(text, markup=False, highlight=False, soft_wrap=True)


def _progress(cell: Cell) -> str:
    try:
        if not (last := read_last_log_record(cell.folder)):
            return "starting"
        steps = RunFolder(cell.folder).read_recipe().train.steps
    except GanzooError as error:  # the cell itself says more
        return error.what
    return f"step {last['step']}/{steps}  {last.get('images_per_s', 0):.0f} images/s"


def _score(cell: Cell) -> str:
    """Return the first score of the last checkpoint as text."""
    for report in read_reports(RunFolder(cell.folder)):
        if report["checkpoint"] == "last":
            name, score = next(iter(report["scores"].items()))
            return f"  {name} {score['value']:.4g}"
    return "  (not scored)"


def _make_table(path: Path) -> RichTable | None:
    """Return the best rows so far; None while there is no score."""
    try:
        table = make_table(read_results([path]))
    except GanzooError:
        return None
    shown = RichTable(title=f"{table.metric}, {table.better} is better", title_justify="left")
    for axis in (*table.axes, "n", "last"):
        shown.add_column(axis.removesuffix(".name"))
    for row in table.rows[:12]:
        summary = row.last.get(table.metric)
        value = f"{summary.mean:.4g}" if summary else row.reason[:40]
        shown.add_row(*(str(row.axes[axis]) for axis in table.axes), str(summary.n if summary else 0), value)
    return shown


def print_plan(cells: Sequence[PlannedCell], engine: Engine, as_json: bool) -> None:
    """Print the cells with their expected time; nothing was written."""
    rows = [_describe(cell) for cell in cells]
    seconds = sum(row["seconds"] or 0 for row in rows)
    if as_json:
        click.echo(json.dumps({"cells": rows, "seconds": seconds, "at_once": engine.cells_at_once}))
        return
    shown = [_format(row) for row in rows if not row["refused"]]
    print_table(shown)
    for row in rows:
        if row["refused"]:
            click.echo(f"{row['cell']}  refused: {row['refused']}")
    at_once = engine.cells_at_once
    together = f", {at_once} at once: about {duration(seconds / at_once)}" if at_once else ""
    click.echo(f"{len(shown)} cells, {len(rows) - len(shown)} refused, {duration(seconds)} one after another{together}")


def _format(row: dict[str, Any]) -> dict[str, str]:
    numbers = {key: f"{row[key]:,}" for key in ("steps", "images", "parameters")}
    time = "" if row["seconds"] is None else duration(row["seconds"])
    return {"cell": row["cell"], **numbers, "time": time}


def _describe(cell: PlannedCell) -> dict[str, Any]:
    tried, run = cell.dry_run, cell.run
    return {
        "cell": cell.name,
        "steps": run.train.steps if run else 0,
        "images": run.train.steps * run.optim.n_critic * run.optim.batch_size if run else 0,
        "seconds": run.train.steps * tried.seconds_per_step + OVERHEAD if tried and run else None,
        "parameters": tried.parameters_g + tried.parameters_d if tried else 0,
        "refused": cell.refused,
    }


def print_outcome(path: Path, as_json: bool) -> None:
    """Print the tables of a grid, one for each group of cells that may be ranked together, and what to type next."""
    from ganzoo.results import tables

    results = read_results([path])
    groups = split(results)
    compared = {name: make_table(runs) for name, runs in groups.runs.items()}
    if as_json:
        cells = {result.name: {"state": result.state, "reason": result.reason} for result in results}
        shown = [json.loads(tables.render(table, "json")) for table in compared.values()]
        click.echo(json.dumps({"grid": str(path), "cells": cells, "tables": shown}))
        return
    for name, table in compared.items():
        if len(compared) > 1:
            click.echo(f"{name}\n")
        click.echo(tables.render(table, "text", **terminal_looks()))
    for note in groups.notes:
        click.echo(note, err=True)
    folder = quote(str(path))
    click.echo(f"next\n  ganzoo table {folder} --format md\n  ganzoo report {folder} -o report.html")
