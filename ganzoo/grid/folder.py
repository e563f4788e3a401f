"""The files of a grid: its plan, how each cell ended, and the run folders."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ganzoo.cells import Cell, Ending
from ganzoo.errors import CheckpointError, FolderError, GanzooError
from ganzoo.files import append, set_aside, write_atomically, write_lines
from ganzoo.grid.config import GridConfig
from ganzoo.grid.plan import PlannedCell
from ganzoo.grid.records import (
    Attempt,
    Plan,
    find_break,
    find_loss,
    holds_grid,
    make_attempts,
    read_attempts,
    read_plan,
)
from ganzoo.runs.damage import describe, move_aside, tell_set_aside, warn
from ganzoo.runs.folder import RunFolder, timestamp
from ganzoo.runs.own_parts import GRID_PARTS, require_own_parts
from ganzoo.settings.sections import OBSERVING
from ganzoo.settings.toml import flatten, to_tables

SCHEMA = 1


_OTHER = "--out OTHER_FOLDER"


@dataclass(frozen=True)
class GridFolder:
    """The files of one grid."""

    path: Path
    follow_links: bool = False
    """Write where parts of the grid are links."""

    @property
    def plan(self) -> Path:
        """File of the axes, seeds, budget, and the settings of every cell."""
        return self.path / "grid.json"

    @property
    def endings(self) -> Path:
        """File with one JSON object per attempt that ended; the last one of a cell counts."""
        return self.path / "cells.jsonl"

    def run_folder(self, cell: str) -> Path:
        """Return the run folder of a cell."""
        return self.path / "cells" / cell

    def log(self, cell: str) -> Path:
        """Return the file with the output of a cell's process."""
        return self.path / "logs" / f"{cell}.log"

    def stop_file(self, cell: str) -> Path:
        """Return the file that ends a running cell once somebody makes it."""
        return self.path / "logs" / f"{cell}.stop"

    @contextmanager
    def claim(self) -> Iterator[None]:
        """Hold the folder for this process.

        Raises FolderError if another process holds it, if it cannot be written, or if it holds something else.
        """
        require_own_parts(self.path, GRID_PARTS, follow_links=self.follow_links)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if not holds_grid(self.path) and any(file.name != "grid.lock" for file in self.path.iterdir()):
                raise FolderError("the folder holds no grid", where=str(self.path), hint=_OTHER)
            lock = FileLock(self.path / "grid.lock")
            lock.acquire(timeout=0)
        except Timeout:
            what = "another process works on this grid"
            raise FolderError(what, where=str(self.path), hint="--out OTHER_FOLDER, or wait for it") from None
        except OSError as error:
            raise FolderError(f"cannot write the grid: {error}", where=str(self.path), hint=_OTHER) from error
        try:
            self._mend()
            yield
        finally:
            lock.release()

    def _mend(self) -> None:
        """Drop an incomplete last line of a killed process, lest the next line be joined to it.

        Damaged lines before it are moved to a file beside it, with a warning.
        """
        lines = read_attempts(self.path)
        if self.endings.is_file():
            set_aside(self.endings, lines.damaged)
            write_lines(self.endings, lines.records)
            tell_set_aside(self.endings, lines.damaged)

    def read_plan(self) -> Plan | None:
        """Return the plan that `write_plan` wrote; None if there is none, or, with a warning, if it is damaged."""
        try:
            return read_plan(self.path)
        except CheckpointError as error:
            warn(describe(error, "this command writes it anew"))
            return None

    def known_steps(self, config: GridConfig) -> dict[str, int]:
        """Return the steps of combinations that were planned with the same budget, by name, to keep measurements."""
        old = self.read_plan()
        if old is None or old.budget != (config.budget and asdict(config.budget)):
            return {}
        steps = {name: cell.settings.get("train.steps") for name, cell in old.cells.items() if not cell.refused}
        return {name.rpartition("-s")[0]: count for name, count in steps.items() if isinstance(count, int)}

    def write_plan(self, config: GridConfig, cells: Sequence[PlannedCell], engine: Mapping[str, Any]) -> None:
        """Add cells to the plan.

        Raises FolderError if the grid has other axes, or if one of the cells began with other settings.
        """
        old, common = self.read_plan(), _common_settings(config)
        axes = {key: list(dict.fromkeys(cell.axes[key] for cell in cells)) for key in cells[0].axes}
        if old is None:
            old = Plan({}, created=timestamp())
            self._tell_new_plan([cell.name for cell in cells])
        else:
            self._refuse_others(old, axes, common)
        for cell in cells:
            self._refuse_changed(cell, old)
        values = self._join(old, config, cells, axes) | {"common": common, "engine": dict(engine)}
        if self.plan.exists() and not self.plan.is_file():
            move_aside(self.plan)
        write_atomically(self.plan, (json.dumps(values, indent=1, allow_nan=False) + "\n").encode())

    @staticmethod
    def _join(old: Plan, config: GridConfig, cells: Sequence[PlannedCell], axes: Mapping[str, Any]) -> dict[str, Any]:
        """Return a plan of the cells so far and of these."""
        commands, command = [list(words) for words in old.commands], _read_command()
        earlier = {name: asdict(cell) for name, cell in old.cells.items()}
        return {
            "schema": SCHEMA,
            "commands": commands if command in commands else [*commands, command],
            "created": old.created,
            "axes": {key: list(dict.fromkeys([*old.axes.get(key, ()), *values])) for key, values in axes.items()},
            "seeds": sorted({*old.seeds, *config.seeds}),
            "budget": config.budget and asdict(config.budget),
            "cells": earlier | {cell.name: cell.to_json() for cell in cells},
        }

    def _tell_new_plan(self, names: Sequence[str]) -> None:
        """Warn if the plan of a grid that has begun is written anew: cells of earlier commands are not in it."""
        others = sorted(path.name for path in (self.path / "cells").glob("*") if path.name not in names)
        if others:
            more = f", and {len(others) - 5:,} more" if len(others) > 5 else ""
            warn(f"{self.plan} is written anew by this command; not of it: {', '.join(others[:5])}{more}")

    def _refuse_others(self, old: Plan, axes: Mapping[str, Any], common: Mapping[str, Any]) -> None:
        """Raise FolderError if the grid here has other axes or other common settings."""
        if list(old.axes) != list(axes):
            what = f"the grid here has the axes {', '.join(old.axes)}, not {', '.join(axes)}"
            raise FolderError(what, where=str(self.path), hint=_OTHER)
        differ = _name_differences(old.common, common)
        if differ:
            raise FolderError(f"the grid here has other settings: {differ}", where=str(self.path), hint=_OTHER)

    def _refuse_changed(self, cell: PlannedCell, old: Plan) -> None:
        """Raise FolderError if the run of a cell has other settings; a recipe that is damaged is written anew."""
        folder = RunFolder(self.run_folder(cell.name))
        if cell.run is None or not os.path.lexists(folder.recipe):
            return
        now = cell.run
        try:
            then = folder.read_recipe()
        except GanzooError as error:
            if cell.name not in old.cells or old.cells[cell.name].settings != cell.to_json()["settings"]:
                raise
            warn(f"{folder.recipe}: {error.what}; moved to {move_aside(folder.recipe).name}, and written anew")
            folder.write_recipe(now)
            return
        then = replace(then, eval=replace(then.eval, labels=now.eval.labels))  # older cells: a table tells them apart
        then = then.observed_as(now)
        if then != now:
            differ = _name_differences(flatten(to_tables(then)), flatten(to_tables(now)))
            what = f"cell {cell.name} was made with other settings: {differ}"
            raise FolderError(what, where=str(folder.path), hint=_OTHER)

    def read_endings(self) -> dict[str, Attempt]:
        """Return how each cell ended, by name; a cell that has not ended is absent. Raises CheckpointError."""
        return {attempt.cell: attempt for attempt in make_attempts(read_attempts(self.path).records)}

    def write_ending(self, cell: Cell, ending: Ending) -> None:
        """Add how a cell ended."""
        append(self.endings, {"cell": cell.name, **ending.to_json()})

    def has_lost(self, cell: str, state: str) -> bool:
        """Return whether a cell that ended has to run again, because its files are gone."""
        return bool(find_loss(self.run_folder(cell), state))

    def reopen(self, cell: str, state: str) -> None:
        """Mark a cell as missing again, so that a kill from here on does not bring the old ending back."""
        loss = find_loss(self.run_folder(cell), state)
        self.make_room(cell)
        if state == "diverged" or loss:
            self._discard(cell)
        if state != "interrupted":
            reason = f"to be run again: {loss or f'it was {state}'}"
            append(self.endings, {"cell": cell, **Ending("interrupted", reason).to_json()})

    def make_room(self, cell: str) -> None:
        """Move the run of a cell away, with a warning, if it can neither go on nor begin in its folder."""
        if reason := find_break(self.run_folder(cell)):
            warn(f"{self.run_folder(cell)}: {reason}; moved to discarded, and begun anew")
            self._discard(cell)

    def observe_as(self, cell: PlannedCell) -> None:
        """Write the observers of this command into the recipe of a cell that goes on."""
        folder = RunFolder(self.run_folder(cell.name))
        if cell.run is not None and folder.recipe.is_file():
            then = folder.read_recipe()
            if (now := then.observed_as(cell.run)) != then:
                folder.write_recipe(now)

    def _discard(self, cell: str) -> None:
        """Move the run of a cell away, so that it begins anew; nothing is deleted."""
        folder = self.run_folder(cell)
        if folder.is_dir():
            attempts = self.path / "discarded"
            attempts.mkdir(exist_ok=True)
            number = sum(1 for _ in attempts.glob(f"{cell}.*")) + 1
            folder.rename(attempts / f"{cell}.{number}")


def _common_settings(config: GridConfig) -> dict[str, Any]:
    """Return what all cells share: two commands for one grid may differ in the axes' values and seeds only."""
    budget = f"{config.budget.unit}={config.budget.amount:g}" if config.budget else "none"
    settings = {**flatten(config.flags), **flatten(config.sets)}
    shared = {key: value for key, value in settings.items() if not key.startswith(OBSERVING)}
    return {**shared, "--budget": budget, "--evals": config.evals}


def _read_command() -> list[str]:
    """Return the words that began this process, with "ganzoo" for the command whatever its path."""
    name = Path(sys.argv[0]).name
    return ["ganzoo" if name in ("ganzoo", "__main__.py") else name, *sys.argv[1:]]


def _name_differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    keys = [key for key in {**then, **now} if then.get(key) != now.get(key)]
    return ", ".join(f"{key} {then.get(key)} -> {now.get(key)}" for key in keys)
