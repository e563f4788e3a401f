"""Run folders and grid folders become values for tables and reports. Nothing here imports torch."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from ganzoo.errors import CheckpointError, ConfigError
from ganzoo.files import read_last_record, read_records, read_text
from ganzoo.runs.folder import RunFolder, read_reports
from ganzoo.settings.toml import flatten, from_tables, read_toml, to_tables, unflatten


@dataclass(frozen=True)
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
    """complete, diverged, failed, timeout, refused, interrupted, running or missing."""
    reason: str
    """Reason in one line why the run is not complete; empty if it is."""
    reports: tuple[Mapping[str, Any], ...]
    """Reports of scores.json, the newest last."""
    manifest: Mapping[str, Any]
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

    def value(self, axis: str) -> Any:
        """Return the value on an axis; None if the run has no such option, or leaves it at its default."""
        value = self.axes.get(axis, self.settings.get(axis))
        return str(value) if isinstance(value, list | dict) else value


@dataclass(frozen=True)
class Provenance:
    """Commands, times and machines that made the runs of a grid."""

    commands: tuple[tuple[str, ...], ...]
    created: str
    cells: int
    states: Mapping[str, int]
    """State -> number of cells."""
    seconds: float
    """Seconds of all attempts together."""
    elapsed: float | None
    """Seconds from the first start to the last end; None if nothing ran."""
    machines: tuple[str, ...]
    """System, device and versions, one line for each kind of machine."""


def read_results(paths: Sequence[Path]) -> list[Result]:
    """Return the runs in these folders: run folders, grid folders, or folders that contain some at any depth.

    Raises CheckpointError if a folder contains no run, or if a file cannot be read.
    """
    found: dict[str, Result] = {}
    base = _base(paths)
    for asked in paths:
        folders = list(_walk(asked))
        if not folders:
            raise CheckpointError("this is not a run folder", where=str(asked), hint="ganzoo run --out FOLDER")
        for folder, is_grid in folders:
            for path, result in _read_grid(folder, base) if is_grid else [_read_run(folder, base)]:
                found.setdefault(os.path.realpath(path), result)
    return list(found.values())


def find_grid(results: Sequence[Result]) -> Path | None:
    """Return the folder of the grid that all these runs belong to; None if they do not share one."""
    grids = {result.grid for result in results}
    return grids.pop() if len(grids) == 1 else None


def read_provenance(grid: Path, results: Sequence[Result]) -> Provenance:
    """Return the commands, times and machines that made the cells of a grid."""
    about, attempts = _read_json(grid / "grid.json"), read_records(grid / "cells.jsonl")
    ends = [(datetime.fromisoformat(a["ended"]), timedelta(seconds=a["seconds"])) for a in attempts if a.get("ended")]
    elapsed = (max(end for end, _ in ends) - min(end - took for end, took in ends)).total_seconds() if ends else None
    states = [result.state for result in results]
    machines = dict.fromkeys(_describe_machine(result.manifest) for result in results if result.manifest)
    return Provenance(
        commands=tuple(map(tuple, about["commands"])),
        created=about["created"],
        cells=len(about["cells"]),
        states={state: states.count(state) for state in dict.fromkeys(states)},
        seconds=sum(attempt["seconds"] for attempt in attempts),
        elapsed=elapsed,
        machines=tuple(machines),
    )


def _describe_machine(manifest: Mapping[str, Any]) -> str:
    system, device = manifest.get("platform", {}), manifest.get("device", {})
    versions = ", ".join(f"{name} {version}" for name, version in manifest.get("versions", {}).items())
    made_by = f"{device.get('type')} {device.get('name')}, {device.get('precision')}, threads {device.get('threads')}"
    return f"{_describe_processor(system)}{system.get('system')}; {made_by}; Python {system.get('python')}, {versions}"


def _describe_processor(system: Mapping[str, Any]) -> str:
    """Return processor, cores and GPUs, as far as a manifest has them."""
    cores = f"{system['cores']} cores" if system.get("cores") else ""
    parts = [system.get("processor"), cores, *system.get("gpus", [])]
    return "".join(f"{part}; " for part in parts if part)


def _base(paths: Sequence[Path]) -> Path:
    """Return the folder that names are relative to: the only one asked for, else the parent of all of them."""
    whole = [path.absolute() for path in paths]  # symbolic links stay, so that names are as they were typed
    if len(whole) == 1 and not (whole[0] / "recipe.toml").is_file():
        return whole[0]
    return Path(os.path.commonpath([path.parent for path in whole])) if whole else Path()


def _walk(path: Path) -> Iterator[tuple[Path, bool]]:
    """Yield run folders and grid folders as (path, is_grid)."""
    if (is_grid := (path / "grid.json").is_file()) or (path / "recipe.toml").is_file():
        yield path, is_grid
    elif path.is_dir():
        with os.scandir(path) as entries:
            folders = sorted(entry.path for entry in entries if entry.is_dir(follow_symlinks=False))
        for folder in folders:
            yield from _walk(Path(folder))


def _read_run(path: Path, base: Path) -> tuple[Path, Result]:
    folder = RunFolder(path)
    try:
        settings = flatten(to_tables(from_tables(unflatten(_read_recipe(folder.recipe)))))
    except ConfigError as error:
        raise ConfigError(error.what, where=error.where or str(folder.recipe), hint=error.hint) from error
    status = _read_json(folder.status)
    state = status.get("state", "interrupted")  # no status: killed before the first step
    reason = "" if state == "complete" else f"step {status.get('step', 0)} of {settings['train.steps']}"
    name = path.absolute().relative_to(base).as_posix()
    return path, Result(
        name=name,
        path=path,
        axes={},
        settings=settings,
        seed=settings["train.seed"],
        state=state,
        reason=reason,
        **_read_outcome(folder, status),
    )


def _read_recipe(path: Path) -> dict[str, Any]:
    """Return a recipe, flat. Raises ConfigError.

    Recipes of many runs share most sections, and each section is parsed once: else TOML would take a third of the time
    of a table. A wrong cut cannot go unnoticed: a value of several lines that is cut is not valid TOML.
    """
    settings: dict[str, Any] = {}
    try:
        for section in re.split(r"^(?=\[)", read_text(path), flags=re.MULTILINE):
            settings |= _parse_section(section)
    except ValueError:
        return flatten(read_toml(path))
    return settings


@cache
def _parse_section(text: str) -> Mapping[str, Any]:
    return flatten(tomllib.loads(text))


def _read_grid(grid: Path, base: Path) -> Iterator[tuple[Path, Result]]:
    """Yield every cell, in the order of grid.json."""
    about = _read_json(grid / "grid.json")
    last = {attempt["cell"]: attempt for attempt in read_records(grid / "cells.jsonl")}
    above = grid.absolute().relative_to(base)
    for cell, planned in about["cells"].items():
        folder = RunFolder(grid / "cells" / cell)
        status = _read_json(folder.status)
        state, reason = _settle(planned, last.get(cell), status)
        yield (
            folder.path,
            Result(
                name=(above / cell).as_posix(),
                path=folder.path if folder.path.is_dir() else None,
                axes=planned["axes"],
                settings={**planned["axes"], **planned["settings"]},
                seed=planned["seed"],
                state=state,
                reason=reason,
                **_read_outcome(folder, status),
                grid=grid,
            ),
        )


def _settle(
    planned: Mapping[str, Any], attempt: Mapping[str, Any] | None, status: Mapping[str, Any]
) -> tuple[str, str]:
    """Return the state of a cell and why it is not complete: refused, as its last attempt ended, or still running."""
    if planned["refused"]:
        return "refused", planned["refused"]
    is_newer = bool(status) and (not attempt or status.get("time", "") > attempt.get("ended", ""))
    if is_newer and status["state"] == "running":
        return "running", f"step {status['step']} of {status['steps']}"
    if attempt:
        return attempt["state"], attempt["reason"]
    if status:  # the grid was killed before it wrote down how the cell ended
        return "interrupted", f"step {status['step']} of {status['steps']}"
    return "missing", "not run yet"


def _read_outcome(folder: RunFolder, status: Mapping[str, Any]) -> dict[str, Any]:
    manifest = _read_json(folder.manifest)
    cost, record = manifest.get("cost", {}), read_last_record(folder.log)
    per_step, step = cost.get("flops_per_step"), record.get("step")
    try:
        reports = tuple(read_reports(folder))
    except ValueError as error:
        raise _unreadable(folder.scores, error) from error
    return {
        "reports": reports,
        "manifest": manifest,
        "images": record.get("images"),
        "seconds": record.get("seconds"),
        "flops": None if per_step is None or step is None else per_step * step,
        "parameters": cost["parameters_g"] + cost["parameters_d"] if cost else None,
        "memory_mb": status.get("memory_mb"),
    }


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values: dict[str, Any] = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise _unreadable(path, error) from error
    return values


def _unreadable(path: Path, error: ValueError) -> CheckpointError:
    return CheckpointError(f"not JSON: {error}", where=str(path), hint="leave its folder out, or restore the file")
