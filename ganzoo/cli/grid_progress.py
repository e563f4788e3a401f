"""Progress of a grid on stderr: bars of the grid and of each cell on a terminal, elsewhere a line a minute."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event, Lock, Thread
from types import TracebackType

from rich.console import Group
from rich.live import Live
from rich.table import Table as RichTable
from rich.text import Text

from ganzoo.cells import FAILURES, Cell, Ending
from ganzoo.cli.bars import draw_line
from ganzoo.cli.lines import GAP, pack, take_fitting
from ganzoo.cli.output import choices
from ganzoo.cli.progress import StderrConsole, is_live
from ganzoo.errors import GanzooError
from ganzoo.grid.folder import GridFolder
from ganzoo.grid.run import GridObserver
from ganzoo.grid.watch import GridWatch, Watched
from ganzoo.results.comparison import make_table
from ganzoo.results.durations import show_duration
from ganzoo.results.read import read_results
from ganzoo.runs.folder import RunFolder, read_reports

EVERY = 60.0
"""Seconds between two lines where there are no bars."""
LOOK_EVERY = 1.0
"""Seconds between two looks at the files of the cells."""
TABLE_EVERY = 5.0
"""Seconds between two tables of the scores so far."""
SHORTEST_NAME = 8
"""Columns of a name of a cell at least."""
ROWS = 12
"""Most rows of that table."""


class GridDisplay(GridObserver):
    """Bars of a grid and of its running cells above the scores so far; elsewhere a line a minute and one per end."""

    def __init__(self) -> None:
        self._console = StderrConsole()
        self._is_quiet = choices().quiet
        self._is_live = is_live() and not self._is_quiet
        self._live: Live | None = None
        self._stopped, self._lock = Event(), Lock()
        self._watcher = Thread(target=self._keep_looking, daemon=True)
        self._watch = GridWatch(())
        self._running: list[Watched] = []
        self._table: RichTable | None = None

    def __enter__(self) -> GridDisplay:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        if self._watcher.is_alive():
            self._watcher.join()
        if self._live is not None:
            with suppress(OSError):  # the terminal may be closed
                self._live.stop()

    def note(self, text: str) -> None:
        """Print a remark."""
        self._say(f"note: {text}")

    def start(self, grid: GridFolder, missing: Sequence[Cell], present: int) -> None:
        """Print how many cells are to run."""
        self._path, self._watch = grid.path, GridWatch(missing)
        noun = "cell" if len(missing) == 1 else "cells"
        self._say(f"{len(missing)} {noun} to run, {present} there already\ngrid folder: {grid.path}")
        if missing and not self._is_quiet:
            if self._is_live:
                self._live = Live(
                    get_renderable=self._render, console=self._console, refresh_per_second=2, transient=True
                )
                self._live.start()
            self._watcher.start()

    def end(self, cell: Cell, ending: Ending) -> None:
        """Print how a cell ended."""
        with self._lock:
            self._watch.end(cell, ending)
            self._running = self._watch.look()
        reason = f": {ending.reason}" if ending.reason else ""
        score = _score(cell) if ending.state == "complete" else ""
        count = f"{len(self._watch.ended)}/{len(self._watch.cells)}"
        text = f"{count}  {cell.name}  {ending.state} in {show_duration(ending.seconds)}{score}{reason}"
        self._say(text, "bold red" if ending.state in FAILURES else "")

    def _keep_looking(self) -> None:
        """Look at the files of the cells again and again, and print a line where there are no bars."""
        told, tabled = time.monotonic(), 0.0
        while not self._stopped.wait(LOOK_EVERY):
            with self._lock:
                self._running = self._watch.look()
            now = time.monotonic()
            if self._is_live and now - tabled >= TABLE_EVERY:
                self._table, tabled = _make_table(self._path), now
            elif not self._is_live and now - told >= EVERY:
                told = now
                self._say(GAP.join([*self._count(), *map(_tell, self._running[:ROWS])]))

    def _count(self) -> Iterator[str]:
        watch = self._watch
        yield f"{len(watch.ended)}/{len(watch.cells)} cells ended"
        yield f"{len(self._running)} running"
        yield f"{watch.waiting} waiting"
        if left := watch.seconds_left():
            yield f"about {show_duration(left)} left"

    def _render(self) -> Group:
        """Return the bar of the grid, one for each running cell, and the scores so far."""
        width, most = self._console.width, max(self._console.height // 2 - 2, 3)
        with self._lock:
            title, *items = self._count()
            share, running = self._watch.share, list(self._running)
        shown = [_draw(watched, width) for watched in running[:most]]
        more = [Text(f"and {len(running) - most} more")] if len(running) > most else []
        fitting, *below = pack(items, max(width - len(title) - len(GAP), len(title)))
        head = draw_line(title, (round(share * 1000), 1000), fitting.split(GAP), width)
        return Group(head, *map(Text, below), *shown, *more, *([self._table] if self._table else []))

    def _say(self, text: str, style: str = "") -> None:
        if not self._is_quiet:
            with suppress(OSError):  # the terminal may be closed
                self._console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def _draw(watched: Watched, width: int) -> RichTable:
    """Return the line of a running cell: its name, which may be cut, phase, bar, steps and time left."""
    items, room = list(_tell_steps(watched)), width - len(watched.phase) - 2 * len(GAP)
    items = items[: take_fitting(items, room - SHORTEST_NAME)]
    most = max(room - sum(len(GAP) + len(item) for item in items), SHORTEST_NAME)
    name = watched.cell.name if len(watched.cell.name) <= most else watched.cell.name[: most - 1] + "…"
    return draw_line(f"  {name}{GAP}{watched.phase}", (watched.step, watched.steps), items, width)


def _tell(watched: Watched) -> str:
    return " ".join([f"{watched.cell.name}: {watched.phase}", *_tell_steps(watched)])


def _tell_steps(watched: Watched) -> Iterator[str]:
    if watched.steps:
        yield f"{watched.step}/{watched.steps}"
    if watched.phase == "training" and (left := watched.left) is not None:
        yield f"{show_duration(left)} left"


def _score(cell: Cell) -> str:
    """Return the first score of the last checkpoint as text."""
    for report in read_reports(RunFolder(cell.folder)):
        if report["checkpoint"] == "last":
            name, score = next(iter(report["scores"].items()))
            return f"  {name} {score['value']:.4g}"
    return "  (not scored)"


def _make_table(path: Path) -> RichTable | None:
    """Return the best rows so far; None while there is no score, or while a file is being written."""
    try:
        table = make_table(read_results([path]))
    except (GanzooError, OSError):
        return None
    if not table.metric:
        return None
    shown = RichTable(title=f"{table.metric}, {table.better} is better", title_justify="left")
    for axis in (*table.axes, "n", "last"):
        shown.add_column(axis.removesuffix(".name"))
    for index, row in enumerate(table.rows[:ROWS]):
        summary = row.last.get(table.metric)
        value = f"{summary.mean:.4g}" if summary else row.reason[:40]
        is_best = index == 0 and summary is not None
        cells = (*(str(row.axes[axis]) for axis in table.axes), str(summary.n if summary else 0), value)
        shown.add_row(*cells, style="bold green" if is_best else "")
    return shown
