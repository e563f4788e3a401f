"""Read every file of a grid and of its runs, say which are whole, and repair what can be repaired."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from ganzoo.errors import CheckpointError
from ganzoo.grid.folder import GridFolder
from ganzoo.grid.records import Attempt, CellPlan, find_loss, find_others, make_attempts, read_attempts, read_plan
from ganzoo.runs.folder import explain_disk
from ganzoo.runs.records import read_status
from ganzoo.runs.repair import repair_run
from ganzoo.runs.verdicts import Repair, Verdict, describe_link, list_folder
from ganzoo.runs.verify import is_leftover, judge_lines, verify_run


def is_grid(path: Path) -> bool:
    """Return whether a folder holds a grid, though its files may be damaged."""
    return any((path / name).exists() for name in ("grid.json", "cells.jsonl", "grid.lock"))


def verify_grid(path: Path, *, follow_links: bool = False) -> list[Verdict]:
    """Return a verdict on every file of a grid: its plan, its endings, and the runs of its cells."""
    grid = GridFolder(path, follow_links)
    cells, plan = _verify_plan(grid)
    endings, lines = _verify_endings(grid)
    entries, faults = list_folder(path, path, follow_links=follow_links)
    leftovers = [Verdict(file.name, "remark", "left by a writer that was killed") for file in _leftovers(entries)]
    runs = [verdict for cell in _cells_of(grid, cells) for verdict in _verify_cell(grid, cell, cells, endings)]
    own = {grid.plan.name, grid.endings.name}
    return [plan, lines, *(fault for fault in faults if fault.name not in own), *runs, *leftovers]


def repair_grid(path: Path, *, follow_links: bool = False) -> list[Repair]:
    """Repair what can be repaired in a grid and in its runs, and return what was done.

    Raises FolderError if a process works on it or a part is a link, ResourceError if its folder cannot be written,
    CheckpointError if its endings cannot be read as a file.
    """
    grid = GridFolder(path, follow_links)
    before = _verify_endings(grid)[1]
    repairs = [Repair(before.name, f"damaged lines set aside: {before.what}")] if before.state == "damaged" else []
    with grid.claim(), explain_disk(path):  # which sets damaged lines of the endings aside
        for file in _leftovers(list_folder(path, path, follow_links=follow_links)[0]):
            file.unlink()
            repairs.append(Repair(file.name, "removed: a writer that was killed left it"))
        for cell in _cells_of(grid, _verify_plan(grid)[0]):
            folder = grid.run_folder(cell)
            if _has_run(folder):
                name = folder.relative_to(path).as_posix()
                repairs += [
                    replace(repair, name=f"{name}/{repair.name}")
                    for repair in repair_run(folder, follow_links=follow_links)
                ]
    return repairs


def _leftovers(entries: list[Path]) -> list[Path]:
    return [file for file in entries if is_leftover(file) and file.is_file()]


def _verify_plan(grid: GridFolder) -> tuple[Mapping[str, CellPlan], Verdict]:
    """Return the planned cells, none if they cannot be read, and a verdict on grid.json."""
    try:
        _refuse_link(grid, grid.plan)
        if (plan := read_plan(grid.path)) is None:
            raise CheckpointError("is missing; the same ganzoo compare writes it anew")
    except CheckpointError as error:
        return {}, Verdict("grid.json", "damaged", error.what.removeprefix("grid.json "))
    return plan.cells, Verdict("grid.json", "whole", f"{len(plan.cells)} cells")


def _refuse_link(grid: GridFolder, path: Path) -> None:
    if path.is_symlink() and not grid.follow_links:
        raise CheckpointError(describe_link(path))


def _verify_endings(grid: GridFolder) -> tuple[Mapping[str, Attempt], Verdict]:
    """Return the last ending of each cell, and a verdict on cells.jsonl."""
    name = grid.endings.name
    try:
        _refuse_link(grid, grid.endings)
        lines = read_attempts(grid.path)
    except CheckpointError as error:
        return {}, Verdict(name, "damaged", error.what.removeprefix(f"{name} "))
    endings = {attempt.cell: attempt for attempt in make_attempts(lines.records)}
    if not grid.endings.exists():
        return endings, Verdict(name, "whole", "no cell has ended")
    return endings, judge_lines(grid.endings, lines, ordered=False)


# Cells


def _cells_of(grid: GridFolder, planned: Mapping[str, CellPlan]) -> list[str]:
    """Return the planned cells that are not refused, and those that have a folder."""
    place = grid.path / "cells"
    if place.is_symlink() and not grid.follow_links:
        return []
    entries, _ = list_folder(place, grid.path, follow_links=True)  # a run folder may lie on another disk
    folders = [path.name for path in entries if path.is_dir()]
    return list(dict.fromkeys([*(name for name, cell in planned.items() if not cell.refused), *folders]))


def _has_run(folder: Path) -> bool:
    return (folder / "recipe.toml").exists() or (folder / "status.json").exists() or (folder / "checkpoints").is_dir()


def _verify_cell(
    grid: GridFolder, cell: str, planned: Mapping[str, CellPlan], endings: Mapping[str, Attempt]
) -> Iterator[Verdict]:
    """Yield verdicts on the files of a cell's run, and on what its ending and the plan say of it."""
    folder = grid.run_folder(cell)
    name, state = folder.relative_to(grid.path).as_posix(), endings[cell].state if cell in endings else ""
    if planned and cell not in planned:
        yield Verdict(name, "remark", "no cell of this grid")
    if loss := find_loss(folder, state):
        yield Verdict(name, "damaged", f"{loss}, though it ended as {state}: the same ganzoo compare runs it again")
    if cell in planned and (others := find_others(folder, planned[cell])):
        yield Verdict(name, "damaged", f"holds a run of other settings than the plan says: {others}", is_needed=True)
    if not _has_run(folder):
        if not loss:
            yield Verdict(name, "remark", "not begun yet")
        return
    yield from (
        replace(verdict, name=f"{name}/{verdict.name}")
        for verdict in verify_run(folder, follow_links=grid.follow_links)
    )
    reached = _read_state(folder)
    if state == "complete" and reached not in ("complete", None):
        yield Verdict(name, "damaged", f"ended as complete, but the status of its run is {reached}")


def _read_state(folder: Path) -> str | None:
    try:
        status = read_status(folder)
    except CheckpointError:
        return None
    return status.state if status else None
