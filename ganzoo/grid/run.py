"""What a grid still lacks, handed to an engine; how each cell ended, written down as it does."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Literal

import torch

from ganzoo.cells import Cell, Ending
from ganzoo.contracts import Engine
from ganzoo.errors import RunInterrupted
from ganzoo.grid.folder import GridFolder
from ganzoo.grid.plan import PlannedCell, Rehearse, Request, plan
from ganzoo.runs.folder import explain_disk
from ganzoo.runs.observer import Observer
from ganzoo.settings.sections import RunConfig
from ganzoo.training.dry_run import Rehearsal, rehearse
from ganzoo.zoo.catalogue import Zoo

Retry = Literal["failed", "diverged"]
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_RETRIED: Mapping[str, tuple[str, ...]] = {"failed": ("failed", "timeout", "refused"), "diverged": ("diverged",)}


class GridObserver:
    """What a caller may watch; every method does nothing unless overridden."""

    def start(self, grid: GridFolder, missing: Sequence[Cell], present: int) -> None:
        """Take the cells that are about to run, and the number of those that need not."""

    def end(self, cell: Cell, ending: Ending) -> None:
        """Take a cell that has ended."""


@dataclass(frozen=True)
class Manner:
    """How cells are run, beside where."""

    timeout: float | None = None
    """Seconds that a cell may take."""
    retry: Collection[Retry] = ()
    """Kinds of endings after which a cell runs again. One that diverged begins anew; one that failed goes on."""
    plugins: Sequence[str] = ()
    """Words of the command line before `run`."""


def run_grid(
    request: Request, zoo: Zoo, engine: Engine, path: Path, observer: GridObserver,
    *, manner: Manner = Manner(), described: Mapping[str, Any] | None = None,
) -> dict[str, str]:  # fmt: skip
    """Plan a grid in its folder, and run what is missing there; returns the state of each cell.

    One that has not ended is "missing". `described` says in the grid's file what the engine is. Raises ConfigError for
    a request that cannot be, FolderError if another process works there, or if other settings were used; and what the
    engine raises, such as PluginError.
    """
    grid = GridFolder(path)
    measured = request.budget is not None and request.budget.is_measured
    rehearse = rehearse_for(engine, zoo) if measured else None
    cells = plan(request, zoo, rehearse, grid.known_steps(request) if measured else {})
    with grid.claim():
        grid.write_plan(request, cells, described or {})
        _conduct(grid, cells, engine, observer, manner)
        endings = grid.read_endings()
    missing = {"state": "missing"}
    return {cell.name: "refused" if cell.refused else endings.get(cell.name, missing)["state"] for cell in cells}


def rehearse_for(engine: Engine, zoo: Zoo) -> Rehearse:
    """Return a function that tries a step in as many threads as a cell will have."""

    def rehearse_alike(run: RunConfig) -> Rehearsal:
        if engine.threads_per_cell:
            torch.set_num_threads(engine.threads_per_cell)
        return rehearse(run, zoo, Observer().note)

    return rehearse_alike


def _conduct(
    grid: GridFolder, cells: Sequence[PlannedCell], engine: Engine, observer: GridObserver, manner: Manner
) -> None:
    """Run what has not ended, and what is to run again."""
    again = {state for kind in manner.retry for state in _RETRIED[kind]} | {"interrupted"}
    endings = grid.read_endings()
    wanted = [cell for cell in cells if not cell.refused]
    missing = [cell for cell in wanted if cell.name not in endings or endings[cell.name]["state"] in again]
    for cell in missing:
        if cell.name in endings:
            grid.reopen(cell.name, endings[cell.name]["state"])
    jobs = [_job(grid, cell, manner) for cell in missing]
    observer.start(grid, jobs, len(wanted) - len(missing))
    if not jobs:
        return
    with closing(engine.run(jobs)) as endings_to_come, _stopping(grid):
        for job, ending in endings_to_come:
            with explain_disk(grid.path):
                grid.write_ending(job, ending)
            observer.end(job, ending)


@contextmanager
def _stopping(grid: GridFolder) -> Iterator[None]:
    """Let a signal end the loop, so that the engine stops its cells, which save themselves."""

    def stop(number: int, frame: FrameType | None) -> None:
        what = f"stopped by signal {number}: the cells that were running saved themselves"
        raise RunInterrupted(what, signal=number, where=str(grid.path), hint="the same command goes on")

    if threading.current_thread() is not threading.main_thread():
        yield  # Python handles signals in the main thread alone
        return
    heard = [number for number in SIGNALS if signal.getsignal(number) not in (signal.SIG_IGN, None)]
    before = {number: signal.signal(number, stop) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _job(grid: GridFolder, cell: PlannedCell, manner: Manner) -> Cell:
    return Cell(
        name=cell.name,
        program=(sys.executable, "-m", "ganzoo", *manner.plugins),
        arguments=cell.arguments,
        folder=grid.run_folder(cell.name).absolute(),
        log=grid.log(cell.name).absolute(),
        timeout=manner.timeout,
    )
