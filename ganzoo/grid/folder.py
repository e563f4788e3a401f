"""The files of a grid: its plan, how each cell ended, and the run folders."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ganzoo.cells import Cell, Ending
from ganzoo.errors import FolderError
from ganzoo.files import append, read_records, write_atomically
from ganzoo.grid.config import GridConfig
from ganzoo.grid.plan import PlannedCell
from ganzoo.runs.folder import RunFolder, timestamp
from ganzoo.runs.own_parts import GRID_PARTS, require_own_parts
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

    @contextmanager
    def claim(self) -> Iterator[None]:
        """Hold the folder for this process.

        Raises FolderError if another process holds it, if it cannot be written, or if it holds something else.
        """
        require_own_parts(self.path, GRID_PARTS, follow_links=self.follow_links)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if not self.plan.is_file() and any(file.name != "grid.lock" for file in self.path.iterdir()):
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
        """Drop an incomplete last line of a killed process, lest the next line be joined to it."""
        if self.endings.is_file():
            lines = "".join(json.dumps(record) + "\n" for record in read_records(self.endings))
            write_atomically(self.endings, lines.encode())

    def read_plan(self) -> dict[str, Any]:
        """Return the plan that `write_plan` wrote; empty if there is none."""
        return json.loads(self.plan.read_bytes()) if self.plan.is_file() else {}

    def known_steps(self, config: GridConfig) -> dict[str, int]:
        """Return the steps of combinations that were planned with the same budget, by name, to keep measurements."""
        old = self.read_plan()
        if not old or old["budget"] != (config.budget and asdict(config.budget)):
            return {}
        return {
            name.rpartition("-s")[0]: cell["settings"]["train.steps"]
            for name, cell in old["cells"].items()
            if not cell["refused"]
        }

    def write_plan(self, config: GridConfig, cells: Sequence[PlannedCell], engine: Mapping[str, Any]) -> None:
        """Add cells to the plan.

        Raises FolderError if the grid has other axes, or if one of the cells began with other settings.
        """
        old, common = self.read_plan(), _common_settings(config)
        axes = {key: list(dict.fromkeys(cell.axes[key] for cell in cells)) for key in cells[0].axes}
        if old:
            self._refuse_others(old, axes, common)
        for cell in cells:
            self._refuse_changed(cell)
        known, earlier = old.get("axes", {}), old.get("commands", [])
        command = ["ganzoo", *sys.argv[1:]]
        merged = {key: list(dict.fromkeys([*known.get(key, []), *values])) for key, values in axes.items()}
        values = {
            "schema": SCHEMA,
            "commands": [*earlier, command] if command not in earlier else earlier,
            "created": old.get("created", timestamp()),
            "axes": merged,
            "seeds": sorted({*old.get("seeds", []), *config.seeds}),
            "budget": config.budget and asdict(config.budget),
            "common": common,
            "engine": dict(engine),
            "cells": old.get("cells", {}) | {cell.name: cell.to_json() for cell in cells},
        }
        write_atomically(self.plan, (json.dumps(values, indent=1, allow_nan=False) + "\n").encode())

    def _refuse_others(self, old: Mapping[str, Any], axes: Mapping[str, Any], common: Mapping[str, Any]) -> None:
        """Raise FolderError if the grid here has other axes or other common settings."""
        if list(old["axes"]) != list(axes):
            what = f"the grid here has the axes {', '.join(old['axes'])}, not {', '.join(axes)}"
            raise FolderError(what, where=str(self.path), hint=_OTHER)
        differ = _name_differences(old["common"], common)
        if differ:
            raise FolderError(f"the grid here has other settings: {differ}", where=str(self.path), hint=_OTHER)

    def _refuse_changed(self, cell: PlannedCell) -> None:
        """Raise FolderError if the run of a cell has other settings."""
        folder = RunFolder(self.run_folder(cell.name))
        if cell.run is None or not folder.recipe.is_file():
            return
        then, now = folder.read_recipe(), cell.run
        then = replace(then, eval=replace(then.eval, labels=now.eval.labels))  # older cells: a table tells them apart
        if then != now:
            differ = _name_differences(flatten(to_tables(then)), flatten(to_tables(now)))
            what = f"cell {cell.name} was made with other settings: {differ}"
            raise FolderError(what, where=str(folder.path), hint=_OTHER)

    def read_endings(self) -> dict[str, dict[str, Any]]:
        """Return how each cell ended, by name; a cell that has not ended is absent."""
        return {record["cell"]: record for record in read_records(self.endings)}

    def write_ending(self, cell: Cell, ending: Ending) -> None:
        """Add how a cell ended."""
        append(self.endings, {"cell": cell.name, **ending.to_json()})

    def reopen(self, cell: str, state: str) -> None:
        """Mark a cell as missing again, so that a kill from here on does not bring the old ending back."""
        if state == "diverged":
            self._discard(cell)
        if state != "interrupted":
            append(self.endings, {"cell": cell, **Ending("interrupted", f"to be run again: it was {state}").to_json()})

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
    return {**flatten(config.flags), **flatten(config.sets), "--budget": budget, "--evals": config.evals}


def _name_differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    keys = [key for key in {**then, **now} if then.get(key) != now.get(key)]
    return ", ".join(f"{key} {then.get(key)} -> {now.get(key)}" for key in keys)
