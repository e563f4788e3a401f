"""Run the missing cells of a grid on an engine, and write down how each ended."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Literal

import torch

from ganzoo.cells import Cell, Ending
from ganzoo.contracts import Engine, Samples
from ganzoo.errors import RunInterrupted
from ganzoo.grid.config import GridConfig
from ganzoo.grid.folder import GridFolder
from ganzoo.grid.plan import DryRunner, PlannedCell, plan
from ganzoo.runs.folder import explain_disk
from ganzoo.runs.needs import check_needs
from ganzoo.runs.observer import Observer
from ganzoo.settings.sections import Choice, RunConfig
from ganzoo.training.dry_run import DryRun, make_dry_run
from ganzoo.zoo import choices
from ganzoo.zoo.catalogue import Zoo
from ganzoo.zoo.faults import name_plugins
from ganzoo.zoo.loading import load_dataset

Retry = Literal["failed", "diverged"]
SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_RETRIED: Mapping[str, tuple[str, ...]] = {"failed": ("failed", "timeout", "refused"), "diverged": ("diverged",)}
"""Word of --retry -> states of the cells that run again."""


class GridObserver:
    """Events of a grid; every method does nothing unless overridden."""

    def note(self, text: str) -> None:
        """Receive a remark that the user should read."""

    def start(self, grid: GridFolder, missing: Sequence[Cell], present: int) -> None:
        """Take the cells that are about to run, and the number of those that need not."""

    def end(self, cell: Cell, ending: Ending) -> None:
        """Take a cell that has ended."""


@dataclass(frozen=True)
class Policy:
    """Timeout and retries of cells, and the plugins that they load."""

    timeout: float | None = None
    """Seconds after which a cell is ended; None for no limit."""
    retry: Collection[Retry] = ()
    """Kinds of endings after which a cell runs again. A diverged cell begins anew; a failed one goes on."""
    plugins: Sequence[str] = ()
    """Words of the command line before `run` that choose plugins."""
    follow_links: bool = False
    """Write and delete where parts of the grid and of its runs are links."""


def run_grid(
    config: GridConfig, zoo: Zoo, engine: Engine, path: Path, observer: GridObserver,
    *, policy: Policy = Policy(), choice: Choice | None = None,
) -> dict[str, str]:  # fmt: skip
    """Plan a grid in its folder and run the missing cells; return the state of each, "missing" if it has not ended.

    `choice` is the engine as it was asked for, and is written into the grid's file. Raises ConfigError for axes that
    cannot be combined, FolderError if another process works in the folder or if its grid has other settings, and the
    errors of the engine, such as PluginError.
    """
    grid, config = GridFolder(path, policy.follow_links), config.spelt(zoo.names)
    look_ahead(config, zoo, engine, grid, observer, policy)
    measured = config.budget is not None and config.budget.is_measured
    cells = plan(
        config, zoo, dry_runner_for(engine, zoo) if measured else None, grid.known_steps(config) if measured else {}
    )
    with grid.claim():
        grid.write_plan(config, cells, {"name": choice.name, **choice.options} if choice else {})
        run_cells(grid, cells, engine, observer, policy)
        endings = grid.read_endings()
    states = {name: ending.state for name, ending in endings.items()}
    return {cell.name: "refused" if cell.refused else states.get(cell.name, "missing") for cell in cells}


def look_ahead(
    config: GridConfig, zoo: Zoo, engine: Engine, grid: GridFolder, observer: GridObserver, policy: Policy = Policy()
) -> None:
    """Look for the data and weights of the cells that are to run; nothing is written. Raises what `check_needs` does.

    The plan that it makes ignores a budget, which may have to be measured with those data.
    """
    states = {name: ending.state for name, ending in grid.read_endings().items()}
    missing = find_missing(grid, plan(replace(config, budget=None), zoo), states, policy.retry)
    check_needs({cell.name: cell.run for cell in missing if cell.run}, zoo, observer.note, is_here=engine.is_here)


def dry_runner_for(engine: Engine, zoo: Zoo) -> DryRunner:
    """Return a function that tries a step of a run with as many threads as a cell will have.

    Runs of one dataset that are tried in turn read it once.
    """

    known: list[tuple[Choice, Samples]] = []  # of the latest dataset

    def dry_run_alike(run: RunConfig) -> DryRun:
        if engine.threads_per_cell:
            torch.set_num_threads(engine.threads_per_cell)
        choices.check(run, zoo)  # before the data, which may take long to read
        if not known or known[0][0] != run.dataset:
            known.clear()  # before the next is in memory
            with name_plugins(zoo, tried=run):
                known.append((run.dataset, load_dataset(run.dataset, zoo)))
        return make_dry_run(run, zoo, Observer().note, read=known[0][1])

    return dry_run_alike


def run_cells(
    grid: GridFolder, cells: Sequence[PlannedCell], engine: Engine, observer: GridObserver, policy: Policy
) -> None:
    """Run the cells that have not ended, and those to be tried again, of a grid that this process has claimed."""
    states = {name: ending.state for name, ending in grid.read_endings().items()}
    missing = find_missing(grid, cells, states, policy.retry)
    for cell in missing:
        if cell.name in states:
            grid.reopen(cell.name, states[cell.name])
        else:
            grid.make_room(cell.name)
        grid.observe_as(cell)
    jobs = [_job(grid, cell, policy) for cell in missing]
    observer.start(grid, jobs, sum(not cell.refused for cell in cells) - len(missing))
    if not jobs:
        return
    with closing(engine.run(jobs)) as running, _stopped_by_signals(grid):
        for job, ending in running:
            with explain_disk(grid.path):
                grid.write_ending(job, ending)
            observer.end(job, ending)


def find_missing(
    grid: GridFolder, cells: Sequence[PlannedCell], states: Mapping[str, str], retry: Collection[Retry]
) -> list[PlannedCell]:
    """Return the cells that have not ended, by their last states, and those to be tried again."""
    again = {state for kind in retry for state in _RETRIED[kind]} | {"interrupted"}
    wanted = [cell for cell in cells if not cell.refused]
    ended = [cell.name for cell in wanted if cell.name in states and states[cell.name] not in again]
    return [cell for cell in wanted if cell.name not in ended or grid.has_lost(cell.name, states[cell.name])]


@contextmanager
def _stopped_by_signals(grid: GridFolder) -> Iterator[None]:
    """Let a signal end the loop, so that the engine stops its cells, which save themselves."""

    def stop(number: int, frame: FrameType | None) -> None:
        what = f"stopped by signal {number}: the cells that were running saved themselves"
        raise RunInterrupted(what, signal=number, where=str(grid.path), hint="the same command goes on")

    if threading.current_thread() is not threading.main_thread():
        yield  # Python handles signals in the main thread only
        return
    handled = [number for number in SIGNALS if signal.getsignal(number) not in (signal.SIG_IGN, None)]
    before = {number: signal.signal(number, stop) for number in handled}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _job(grid: GridFolder, cell: PlannedCell, policy: Policy) -> Cell:
    grid.stop_file(cell.name).unlink(missing_ok=True)
    return Cell(
        name=cell.name,
        program=(sys.executable, "-m", "ganzoo", *policy.plugins),
        arguments=cell.arguments,
        folder=grid.run_folder(cell.name).absolute(),
        log=grid.log(cell.name).absolute(),
        timeout=policy.timeout,
        follow_links=policy.follow_links,
        stop_file=grid.stop_file(cell.name).absolute(),
    )
