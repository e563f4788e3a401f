"""Checks of engines: each cell is run once and comes with its ending, and nothing runs on after them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from ganzoo.cells import Cell, Ending
from ganzoo.contracts import Engine
from ganzoo.errors import GanzooError
from ganzoo.testing.expectations import expect, refusal
from ganzoo.testing.subjects import Subject

ONCE = """
import pathlib, sys
place = pathlib.Path(sys.argv[-1])
place.parent.joinpath(place.name + ".ran").open("a").write("x")
sys.exit(6 if place.name == "second" else 0)
"""
WAITS = """
import pathlib, signal, sys, time
place = pathlib.Path(sys.argv[-1])
signal.signal(signal.SIGTERM, lambda *_: (place.with_suffix(".saved").touch(), sys.exit(143)))
place.with_suffix(".begun").touch()
time.sleep(0 if place.name == "first" else 600)
"""
TIMEOUT = 120.0
"""Longest time in seconds that a cell may take to end once it is told to."""


def _cells(folder: Path, script: str) -> list[Cell]:
    """Return two cells that run a script in place of ganzoo; the last word of its command line is the folder."""
    program = (sys.executable, "-c", script)
    return [Cell(name, program, (), folder / name, folder / f"{name}.log") for name in ("first", "second")]


def _run(engine: Engine, cells: Sequence[Cell]) -> list[tuple[Cell, Ending]]:
    """Run all cells. Raises Unchecked if the engine cannot run here, for instance without a cluster."""
    try:
        return list(engine.run(cells))
    except GanzooError as error:
        raise refusal(error) from error


def each_cell_is_run_once_with_its_ending(subject: Subject) -> None:
    """Each of two cells runs once; the one that completes and the one that diverges are reported so."""
    with TemporaryDirectory() as folder:
        cells = _cells(Path(folder), ONCE)
        endings = _run(subject.make(), cells)
        states = sorted((cell.name, ending.state) for cell, ending in endings)
        expected = [("first", "complete"), ("second", "diverged")]
        hint = "yield cell, ganzoo.execute(cell, environment)"
        expect(states == expected, f"the endings {expected}", came=str(states), hint=hint)
        runs = {cell.name: len((Path(folder) / f"{cell.name}.ran").read_text()) for cell in cells}
        expect(
            set(runs.values()) == {1}, "each cell run once", came=str(runs), hint="no second try of a cell that ended"
        )


def closing_it_stops_what_runs(subject: Subject) -> None:
    """A running cell is told to stop and saves itself; a cell that has not begun does not begin."""
    with TemporaryDirectory() as folder:
        begun, saved = (Path(folder) / f"second.{what}" for what in ("begun", "saved"))
        running = subject.make().run(_cells(Path(folder), WAITS))
        try:
            next(running)
        except GanzooError as error:
            raise refusal(error) from error
        if subject.make().cells_at_once != 1:
            _wait(begun)
        start = time.monotonic()
        running.close()
        ended = time.monotonic() - start < TIMEOUT and (saved.exists() or not begun.exists())
        hint = "ganzoo.execute(cell, environment, stopped), where stopped() is true once the generator is closed"
        expect(ended, "a cell that is told to save itself", came="one that was not", hint=hint)


def _wait(file: Path) -> None:
    """Wait until a cell that may run beside another one has begun, or is not going to."""
    deadline = time.monotonic() + 5.0
    while not file.exists() and time.monotonic() < deadline:
        time.sleep(0.02)


def its_shares_are_counts(subject: Subject) -> None:
    """`cells_at_once` and `threads_per_cell` are counts, which are read before anything runs."""
    engine: Engine = subject.make()
    for name in ("cells_at_once", "threads_per_cell"):
        count = getattr(engine, name)
        expect(
            isinstance(count, int) and count >= 0, f"an int {name} of at least 0", came=repr(count), hint="0: unknown"
        )


CHECKS: tuple[Callable[[Subject], None], ...] = (
    its_shares_are_counts,
    each_cell_is_run_once_with_its_ending,
    closing_it_stops_what_runs,
)
