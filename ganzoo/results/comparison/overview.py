"""The runs and grids below a folder in one line each, and the run that @last and @best stand for. No torch here."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from ganzoo.errors import CheckpointError
from ganzoo.results.comparison import choose_metric, make_table, split
from ganzoo.results.comparison.asked import Asked, is_own
from ganzoo.results.comparison.protocols import select_reports
from ganzoo.results.outcome import read_state
from ganzoo.results.read import Result, read_results
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.lock_holder import is_abandoned

DEFAULT = Path("runs")
"""Folder in which `ganzoo run` and `ganzoo compare` put what they make."""


@dataclass(frozen=True)
class Line:
    """One run, or one grid, of a list."""

    name: str
    path: Path
    state: str
    """State of a run; of a grid how many cells are in each."""
    step: str
    """"250 of 500"; of a grid its seeds."""
    score: str
    """First score of the last checkpoint by the run's own settings, or the best one of a grid; empty without one."""
    changed: float
    """Time of the last change, in seconds since 1970."""

    @property
    def age(self) -> str:
        """Time since the last change: "3 min", "2 h", "5 d"."""
        return show_age(time.time() - self.changed)


def list_runs(folder: Path) -> list[Line]:
    """Return the runs and grids below a folder, the newest first; none if there is none."""
    try:
        results = read_results([folder])
    except CheckpointError:
        if folder.is_dir():
            return []
        raise
    lines = [line for grid, own in groupby(results, lambda result: result.grid) for line in _list_group(grid, own)]
    return sorted(lines, key=lambda line: -line.changed)


def _list_group(grid: Path | None, results: Iterator[Result]) -> Iterator[Line]:
    if grid is None:
        yield from (_describe_run(result, result.path) for result in results if result.path is not None)
        return
    cells = list(results)
    states = [cell.state for cell in cells]
    counts = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    seeds = len({cell.seed for cell in cells})
    name = Path(cells[0].name).parent.as_posix()
    title = f"{len(cells)} cells, {seeds} seed{'s' * (seeds > 1)}"
    changed = _changed(grid / "cells.jsonl", grid)
    yield Line(name if name != "." else grid.name, grid, counts, title, _best_score(cells), changed)


def _describe_run(result: Result, path: Path) -> Line:
    folder = RunFolder(path)
    steps = int(result.settings["train.steps"])
    status = read_state(path, steps, [])
    state = "stopped" if is_abandoned(path / "run.lock", status) else result.state
    done = f"{status.step} of {status.steps}" if status else f"0 of {steps}"
    return Line(result.name, path, state, done, _own_score(result), _changed(folder.status, folder.recipe))


def _own_score(result: Result) -> str:
    """Return the first score of the last checkpoint by the protocol of the run's settings, else by the newest one."""
    reports = [report for report in result.reports if report["checkpoint"] == "last"]
    own = [report for report in reports if is_own(report["protocol"], result)] or reports
    return _show(own[-1]["scores"]) if own else ""


def _show(scores: Mapping[str, Any]) -> str:
    name = choose_metric(None, scores)
    return f"{name} {scores[name]['value']:.4g}" if name else ""


def _best_score(cells: Sequence[Result]) -> str:
    """Return the best mean score of a grid; empty if its cells have none, or may not be ranked together."""
    groups = list(split(cells).runs.values())
    table = make_table(groups[0]) if len(groups) == 1 else None
    if table is None or not table.metric:
        return ""
    summaries = [summary for row in table.rows[:1] if (summary := row.summary(table.measure))]
    return f"{table.metric} {summaries[0].mean:.4g}" if summaries else ""


def _changed(*paths: Path) -> float:
    """Return the time at which the first of these files that exists was last changed; 0 if none does."""
    return next((path.stat().st_mtime for path in paths if path.exists()), 0.0)


def show_age(seconds: float) -> str:
    """Return a time in one unit, rounded down: "12 s", "3 min", "2 h", "5 d"."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def find_last(folder: Path = DEFAULT, *, grids: bool = False) -> Path:
    """Return the run below a folder that changed last, or with `grids` the run or grid.

    Raises CheckpointError if there is none.
    """
    if grids:
        found = [(line.changed, line.path) for line in list_runs(folder)] if folder.is_dir() else []
    else:
        paths = [recipe.parent for recipe in folder.rglob("recipe.toml")]
        found = [(_changed(path / "status.json", path / "recipe.toml"), path) for path in paths]
    if not found:
        raise CheckpointError("there is no run yet", where=str(folder), hint="ganzoo run --model dcgan")
    return max(found)[1]


def find_best(folder: Path = DEFAULT) -> Path:
    """Return the run with the best score among those that may be ranked with the run that changed last.

    Raises CheckpointError if there is none.
    """
    last = find_last(folder)
    for runs in split(read_results([folder])).runs.values():
        if any(last in (run.path, run.grid) for run in runs):
            table = make_table(runs)
            scored = [(run.score(table.measure), run.result.path) for run in select_reports(runs, "last", Asked()).runs]
            found = [(value, path) for value, path in scored if value is not None and path is not None]
            if found:
                return (min if table.better == "lower" else max)(found, key=lambda pair: pair[0])[1]
    raise CheckpointError("no run has a score yet", where=str(folder), hint="ganzoo evaluate @last")
