"""Run folders and grid folders become values for tables and reports. Nothing here imports torch."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ganzoo.errors import CheckpointError, ConfigError, GanzooError
from ganzoo.grid.records import (
    SAME_COMMAND,
    Attempt,
    CellPlan,
    find_loss,
    find_others,
    make_attempts,
    read_attempts,
    read_plan,
)
from ganzoo.results.outcome import end_if_abandoned, is_starting, read_outcome, read_state
from ganzoo.runs.damage import describe, describe_lines
from ganzoo.runs.folder import require_sections
from ganzoo.runs.records import DataRecord, Manifest, Status
from ganzoo.settings.toml import flatten, from_tables, read_flat, to_tables, unflatten

RUN_AGAIN = "the same ganzoo compare runs it again"
"""Way out for a cell whose files are gone."""
MOVE_AWAY = f"move it away, and {RUN_AGAIN}"
"""Way out for a cell whose folder holds another run."""
UNREADABLE = "unreadable"
"""State of a run whose settings cannot be read: it is in no row, and a remark says why."""


@dataclass(frozen=True, repr=False)
class Result:
    """One run, or one cell of a grid without a run, as tables and reports see it."""

    name: str
    """Path relative to the folder that was asked for."""
    path: Path | None
    """Run folder; None if there is none."""
    axes: Mapping[str, Any]
    """Values on the axes of its grid, e.g. {"model.name": "dcgan"}; empty for a run on its own."""
    settings: Mapping[str, Any]
    """"section.option" -> value."""
    seed: int
    state: str
    """complete, diverged, failed, timeout, refused, interrupted, running or missing; UNREADABLE without settings."""
    reason: str
    """Reason in one line why the run is not complete; empty if it is."""
    reports: tuple[Mapping[str, Any], ...]
    """Reports of scores.json, the newest last."""
    manifest: Manifest | None
    """Manifest; None if the run has not begun, or if it cannot be read."""
    images: int | None
    """Real images that D saw."""
    seconds: float | None
    """Wall time of training."""
    flops: float | None
    parameters: int | None
    """Number of weights of G and D together."""
    memory_mb: float | None
    """Peak memory."""
    grid: Path | None = None
    """Folder of the grid that the run is a cell of."""
    remarks: tuple[str, ...] = ()
    """Sentences about its files, or those of its grid, that cannot be read, and what takes their place."""

    def __repr__(self) -> str:
        return f"Result({self.name!r}, {self.state}, seed {self.seed})"  # all fields are hundreds of lines

    @property
    def data(self) -> DataRecord:
        """Data that the run was trained on; empty if they are not known."""
        return (self.manifest and self.manifest.data) or DataRecord()

    def value(self, axis: str) -> Any:
        """Return the value on an axis; None if the run has no such option, or leaves it at its default."""
        value = self.axes.get(axis, self.settings.get(axis))
        return str(value) if isinstance(value, list | dict) else value


def read_results(paths: str | Path | Sequence[str | Path]) -> list[Result]:
    """Return the runs in a folder, or in several: run folders, grids, or folders that contain some at any depth.

    A file that cannot be read keeps no other run away: the result says so. Raises CheckpointError if a folder contains
    no run, and the error of the first run if none can be read.
    """
    found: dict[str, Result] = {}
    errors = list[GanzooError]()
    wanted = [Path(path).expanduser() for path in ([paths] if isinstance(paths, str | Path) else paths)]
    base = _base(wanted)
    for asked in wanted:
        folders = list(_walk(asked))
        if not folders:
            raise CheckpointError("this is not a run folder", where=str(asked), hint="ganzoo runs")
        for folder, is_grid in folders:
            for path, result in _read(folder, is_grid, base, errors):
                found.setdefault(os.path.realpath(path), result)
    if errors and all(result.state == UNREADABLE for result in found.values()):
        raise errors[0]
    return list(found.values())


def as_results(results: Sequence[Result] | Sequence[str | Path] | str | Path) -> list[Result]:
    """Return runs as they are, and those in folders as `read_results` does."""
    if isinstance(results, str | Path):
        return read_results(results)
    runs = [result for result in results if isinstance(result, Result)]
    folders = [result for result in results if not isinstance(result, Result)]
    return [*runs, *(read_results(folders) if folders else ())]


def _read(folder: Path, is_grid: bool, base: Path, errors: list[GanzooError]) -> Iterator[tuple[Path, Result]]:
    """Yield the runs of a grid, or a run; errors are collected, too."""
    try:
        yield from _read_grid(folder, base) if is_grid else [(folder, _read_run(folder, base))]
    except GanzooError as error:
        errors.append(error)
        yield folder, _unreadable(folder, base, error)
        if is_grid:  # its cells are runs, too
            for run, _ in _walk_folders(folder):
                yield from _read(run, False, base, errors)


def find_grid(results: Sequence[Result]) -> Path | None:
    """Return the folder of the grid that all these runs belong to; None if they do not share one."""
    grids = {result.grid for result in results}
    return grids.pop() if len(grids) == 1 else None


def _base(paths: Sequence[Path]) -> Path:
    """Return the folder that names are relative to: the only one asked for, else the parent of all of them."""
    whole = [path.absolute() for path in paths]  # symbolic links stay, so that names are as they were typed
    if len(whole) == 1 and not (whole[0] / "recipe.toml").is_file():
        return whole[0]
    return Path(os.path.commonpath([path.parent for path in whole])) if whole else Path()


def _walk(path: Path) -> Iterator[tuple[Path, bool]]:
    """Yield run folders and grid folders as (path, is_grid)."""
    if (is_grid := os.path.lexists(path / "grid.json")) or os.path.lexists(path / "recipe.toml"):
        yield path, is_grid
    elif path.is_dir():
        yield from _walk_folders(path)


def _walk_folders(path: Path) -> Iterator[tuple[Path, bool]]:
    with os.scandir(path) as entries:
        folders = sorted(entry.path for entry in entries if entry.is_dir(follow_symlinks=False))
    for folder in folders:
        yield from _walk(Path(folder))


def _read_run(path: Path, base: Path) -> Result:
    """Return a run by its recipe. Raises ConfigError if that cannot be read."""
    remarks = list[str]()
    try:
        tables = unflatten(read_flat(path / "recipe.toml"))
        require_sections(tables, path / "recipe.toml")
        settings = flatten(to_tables(from_tables(tables)))
    except ConfigError as error:
        raise ConfigError(error.what, where=error.where or str(path / "recipe.toml"), hint=error.hint) from error
    status = read_state(path, settings["train.steps"], remarks)
    state = status.state if status else "interrupted"  # no status: killed before the first step
    step = status.step if status else 0
    return Result(
        name=path.absolute().relative_to(base).as_posix(),
        path=path,
        axes={},
        settings=settings,
        seed=settings["train.seed"],
        state=state,
        reason="" if state == "complete" else f"step {step} of {settings['train.steps']}",
        **read_outcome(path, status, remarks),
    )


def _unreadable(path: Path, base: Path, error: GanzooError) -> Result:
    """Return a run whose settings are not known, with the reason."""
    name = path.absolute().relative_to(base).as_posix()
    nothing = dict.fromkeys(("manifest", "images", "seconds", "flops", "parameters", "memory_mb"))
    reason = " ".join(f"{error.where}: {error.what}".split())
    return Result(name, path, {}, {}, 0, UNREADABLE, reason, (), **nothing)  # type: ignore[arg-type]


def _read_grid(grid: Path, base: Path) -> Iterator[tuple[Path, Result]]:
    """Yield every cell, in the order of grid.json. Raises CheckpointError if that cannot be read."""
    if (plan := read_plan(grid)) is None:
        raise CheckpointError("grid.json is missing", where=str(grid / "grid.json"), hint=SAME_COMMAND)
    above, remarks = grid.absolute().relative_to(base), list[str]()
    last = _read_endings(grid, remarks)
    for cell, planned in plan.cells.items():
        result = _read_cell(grid, cell, planned, last.get(cell))
        result = replace(result, name=(above / cell).as_posix(), remarks=(*remarks, *result.remarks))
        yield grid / "cells" / cell, result
        remarks.clear()  # those of the grid are said once


def _read_endings(grid: Path, remarks: list[str]) -> dict[str, Attempt]:
    """Return the last attempt at each cell by its name."""
    try:
        lines = read_attempts(grid)
    except CheckpointError as error:
        remarks.append(describe(error, "the states are those of the runs"))
        return {}
    if lines.damaged:
        remarks.append(describe_lines(grid / "cells.jsonl", lines.damaged))
    return {attempt.cell: attempt for attempt in make_attempts(lines.records)}


def _read_cell(grid: Path, cell: str, planned: CellPlan, attempt: Attempt | None) -> Result:
    path, remarks = grid / "cells" / cell, list[str]()
    steps = planned.settings.get("train.steps")
    status = read_state(path, steps if isinstance(steps, int) else 0, remarks)
    state, reason = _settle(planned, attempt, end_if_abandoned(path, status), path)
    if state == "missing" and attempt is None and is_starting(grid, cell):
        state, reason = "running", "it starts"
    outcome = read_outcome(path, status, remarks)
    if status is None and attempt is None:  # it has left nothing yet
        outcome["remarks"] = ()
    if others := find_others(path, planned):
        state, reason = "missing", f"its folder holds a run of other settings ({others}): {MOVE_AWAY}"
        outcome["reports"] = ()
    return Result(
        name=cell,
        path=path if path.is_dir() else None,
        axes=planned.axes,
        settings={**planned.axes, **planned.settings},
        seed=planned.seed,
        state=state,
        reason=reason,
        **outcome,
        grid=grid,
    )


def _settle(planned: CellPlan, attempt: Attempt | None, status: Status | None, run: Path) -> tuple[str, str]:
    """Return the state of a cell and why it is not complete: refused, as its last attempt ended, or still running."""
    if planned.refused:
        return "refused", planned.refused
    if status and status.state == "running" and _is_newer(status, attempt):
        return "running", f"step {status.step} of {status.steps}"
    if attempt:
        loss = find_loss(run, attempt.state)
        return ("missing", f"{loss}: {RUN_AGAIN}") if loss else (attempt.state, attempt.reason)
    if status and status.state == "complete":  # how the cell ended was lost, or not yet written down
        return "complete", ""
    if status:  # the grid was killed before it wrote down how the cell ended
        return "interrupted", f"step {status.step} of {status.steps}"
    return "missing", "not run yet"


def _is_newer(status: Status, attempt: Attempt | None) -> bool:
    """Return whether a status was written after the last attempt ended."""
    if attempt is None or attempt.ended is None or status.time is None:
        return attempt is None or status.time is not None
    return status.time > attempt.ended
