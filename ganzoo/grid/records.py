"""The files of a grid as checked values: its plan, and how its cells ended. No torch here."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from ganzoo.errors import ConfigError
from ganzoo.files import Lines, read_lines
from ganzoo.runs.records import read_object, unreadable
from ganzoo.runs.typed import typed
from ganzoo.settings.toml import read_flat

SAME_COMMAND = "the same `ganzoo compare` writes it anew"


@dataclass(frozen=True)
class CellPlan:
    """Settings of a cell, or the reason why it is refused."""

    axes: Mapping[str, str | int | float | bool]
    seed: int
    settings: Mapping[str, Any]
    refused: str = ""


@dataclass(frozen=True)
class Plan:
    """Axes, seeds and budget of a grid, and its cells: grid.json."""

    cells: Mapping[str, CellPlan]
    commands: tuple[tuple[str, ...], ...] = ()
    created: str = ""
    axes: Mapping[str, tuple[str | int | float | bool, ...]] = field(default_factory=dict)
    seeds: tuple[int, ...] = ()
    budget: Mapping[str, Any] | None = None
    common: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Attempt:
    """End of one attempt at a cell: a line of cells.jsonl."""

    cell: str
    state: Literal["complete", "diverged", "failed", "timeout", "refused", "interrupted"]
    reason: str = ""
    exit: int | None = None
    seconds: float = 0.0
    ended: datetime | None = None


def holds_grid(path: Path) -> bool:
    """Return whether a folder has any part of a grid: what is missing of it can be written anew."""
    return any(os.path.lexists(path / name) for name in ("grid.json", "cells.jsonl", "cells"))


def read_plan(grid: Path) -> Plan | None:
    """Return the plan of the grid in a folder; None if there is none. Raises CheckpointError."""
    path = grid / "grid.json"
    plan = read_object(path, Plan, hint=SAME_COMMAND)
    for name in plan.cells if plan else ():
        if Path(name).name != name:  # "../../elsewhere" from a stranger
            raise unreadable(path, ValueError(f"{name!r} is no name of a cell"), SAME_COMMAND)
    return plan


def read_attempts(grid: Path) -> Lines:
    """Return the records of cells.jsonl, and its damaged lines. Raises CheckpointError if it cannot be read."""
    path = grid / "cells.jsonl"
    try:
        return read_lines(path, lambda record: typed(Attempt, record))
    except OSError as error:
        raise unreadable(path, error) from error


def make_attempts(records: Sequence[Mapping[str, Any]]) -> list[Attempt]:
    """Return attempts of the records that `read_attempts` returned."""
    return [typed(Attempt, record) for record in records]


def find_loss(run: Path, state: str) -> str:
    """Return why a cell that ended in `state` has to run again, since its files are gone; empty if they are there."""
    if state not in ("complete", "diverged"):  # others may have ended before there was a run
        return ""
    if not (run / "recipe.toml").exists():
        return "its run folder is gone"
    if state == "complete" and not (run / "scores.json").exists() and not has_checkpoints(run):
        return "it has neither scores nor checkpoints"
    return ""


def find_others(run: Path, planned: CellPlan) -> str:
    """Return the settings, planned -> found, by which the run in the folder of a cell differs; "" if it does not.

    A recipe that cannot be read tells nothing.
    """
    try:
        found = read_flat(run / "recipe.toml")
    except ConfigError:
        return ""
    keys = [key for key in planned.settings.keys() & found.keys() if key in _NAMES or not key.startswith(_FREE)]
    differ = [f"{key} {planned.settings[key]} -> {found[key]}" for key in keys if planned.settings[key] != found[key]]
    return ", ".join(sorted(differ))


_NAMES = ("dataset.name", "dataset.image_size", "train.seed", "train.steps")
_FREE = ("dataset.", "eval.", "init.", "train.", "observer.")
"""Beginnings of settings that may change while a cell goes on, such as the place of its data, apart from _NAMES."""


def find_break(run: Path) -> str:
    """Return why the run in a folder can neither go on nor begin there; empty if it can."""
    begun = [name for name in ("checkpoints", "status.json", "log.jsonl") if (run / name).exists()]
    if not (run / "recipe.toml").exists():
        return "its recipe.toml is gone" if begun else ""
    return "its checkpoints are gone" if _has_trained(run) and not has_checkpoints(run) else ""


def has_checkpoints(run: Path) -> bool:
    """Return whether a run has any checkpoint."""
    return any((run / "checkpoints").glob("step-*.json"))


def _has_trained(run: Path) -> bool:
    """Return whether a run has logged a step; it saves a checkpoint before."""
    log = run / "log.jsonl"
    return log.is_file() and log.stat().st_size > 0
