"""A run folder: the files of one run, claimed by one process at a time."""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import tomli_w
from filelock import FileLock, Timeout

from ganzoo.errors import CheckpointError, ConfigError, FolderError, ResourceError
from ganzoo.files import write_atomically
from ganzoo.runs.damage import describe, known_scores, move_aside, rebuild_status, warn
from ganzoo.runs.lock_holder import name_holder
from ganzoo.runs.own_parts import RUN_PARTS, require_own_parts
from ganzoo.runs.paths import quote_path
from ganzoo.runs.records import Manifest, Status, read_manifest, read_object, read_status
from ganzoo.settings.sections import RunConfig
from ganzoo.settings.toml import from_tables, read_toml, to_tables


@dataclass(frozen=True)
class RunFolder:
    """The files of one run."""

    path: Path
    follow_links: bool = False
    """Write and delete where its parts are links too."""

    @property
    def recipe(self) -> Path:
        """Recipe with every setting of the run."""
        return self.path / "recipe.toml"

    @property
    def manifest(self) -> Path:
        """Versions, plugins, command, data, device and seed."""
        return self.path / "manifest.json"

    @property
    def status(self) -> Path:
        """State, step and owner of the run."""
        return self.path / "status.json"

    @property
    def log(self) -> Path:
        """Records of training, one JSON object a line."""
        return self.path / "log.jsonl"

    @property
    def evaluations(self) -> Path:
        """Scores while training, one JSON object a line."""
        return self.path / "evaluations.jsonl"

    @property
    def scores(self) -> Path:
        """Reports with their protocols: of the last checkpoint, the best one, and others that were evaluated."""
        return self.path / "scores.json"

    @property
    def audits(self) -> Path:
        """Numbers of the audits while training, with `diagnose_every`: one JSON object a line."""
        return self.path / "diagnosis.jsonl"

    @property
    def diagnosis(self) -> Path:
        """Findings of the last `ganzoo diagnose`."""
        return self.path / "diagnosis.json"

    @property
    def rollbacks(self) -> Path:
        """Divergences after which the run went back to a checkpoint, with `on_nan = "rollback"`."""
        return self.path / "rollbacks.json"

    @property
    def figures(self) -> Path:
        """Pictures of a diagnosis."""
        return self.path / "diagnosis"

    @property
    def error(self) -> Path:
        """Traceback of the error of a plugin that ended the run."""
        return self.path / "error.txt"

    @property
    def closest(self) -> Path:
        """Generated images beside the training images nearest to them."""
        return self.path / "samples" / "closest.png"

    @property
    def checkpoints(self) -> Path:
        """Folder of checkpoints and their sidecars."""
        return self.path / "checkpoints"

    @property
    def samples(self) -> Path:
        """Folder of sample grids, such as step-000500.png."""
        return self.path / "samples"

    @property
    def tensorboard(self) -> Path:
        """Folder of TensorBoard event files."""
        return self.path / "tb"

    @property
    def grids(self) -> list[Path]:
        """Sample grids of training, the oldest first."""
        return sorted(self.samples.glob("step-*.png"), key=lambda path: (len(path.name), path.name))  # 1000000 is last

    @property
    def resume_command(self) -> str:
        """Command that goes on with the run."""
        return f"ganzoo resume {quote_path(self.path)}"

    @property
    def diagnose_command(self) -> str:
        """Command that says what is wrong with the run."""
        return f"ganzoo diagnose {quote_path(self.path)}"

    def read_recipe(self) -> RunConfig:
        """Return the settings of the run. Raises CheckpointError if there is no run, ConfigError for a bad recipe."""
        if not os.path.lexists(self.recipe):
            raise CheckpointError("this is not a run folder", where=str(self.path), hint="ganzoo runs")
        tables = read_toml(self.recipe)
        require_sections(tables, self.recipe)
        tables.setdefault("eval", {}).setdefault("labels", "balanced")  # as runs of older versions were scored
        return from_tables(tables)

    def write_recipe(self, run: RunConfig) -> None:
        """Write the settings of the run."""
        write_atomically(self.recipe, tomli_w.dumps(to_tables(run)).encode())

    def read_json(self, path: Path) -> dict[str, Any]:
        """Return one of the folder's JSON files; empty if it does not exist. Raises CheckpointError."""
        return read_object(path, dict) or {}

    def read_status(self) -> Status | None:
        """Return how far the run is; None if it has not begun. A damaged status.json is made up for, with a warning."""
        try:
            return read_status(self.path)
        except CheckpointError as error:
            steps = self.read_recipe().train.steps
            found = rebuild_status(self.path, steps)
            warn(describe(error, f"by its checkpoints and log it is {found.state} at step {found.step} of {steps}"))
            return found

    def read_manifest(self) -> Manifest:
        """Return what the run was made with. Raises CheckpointError if that cannot be read."""
        return read_manifest(self.path)

    def write_json(self, path: Path, values: Mapping[str, Any]) -> None:
        """Write one of the folder's JSON files, whole or not at all; what is no file is moved from its place."""
        if path.exists() and not path.is_file():
            move_aside(path)
        write_atomically(path, (json.dumps(values, indent=2, allow_nan=False) + "\n").encode())

    def write_status(self, state: str, step: int, steps: int, memory_mb: float | None = None) -> None:
        """Write how far the run is: state is running, complete, interrupted, diverged or failed.

        `memory_mb` is the peak so far; without it, the one that was written before stays.
        """
        owner = {"pid": os.getpid(), "host": socket.gethostname(), "time": timestamp()}
        if memory_mb is None:
            memory_mb = self.read_memory_mb()
        peak = {} if memory_mb is None else {"memory_mb": memory_mb}
        self.write_json(self.status, {"state": state, "step": step, "steps": steps, **owner, **peak})

    def read_memory_mb(self) -> float | None:
        """Return the peak memory so far, over all processes of the run; None if status.json does not say."""
        with suppress(CheckpointError):  # it is written anew, and a run does not end because of it
            if status := read_status(self.path):
                return status.memory_mb
        return None

    def require_own_parts(self) -> None:
        """Raise FolderError if a part of the run is a link, unless links may be followed."""
        require_own_parts(self.path, RUN_PARTS, follow_links=self.follow_links)

    @contextmanager
    def claim(self) -> Iterator[None]:
        """Hold the folder for this process. Raises FolderError if another process holds it or a part is a link."""
        self.require_own_parts()
        lock = FileLock(self.path / "run.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            what = f"the run is in use by {self._name_owner()}"
            raise FolderError(what, where=str(self.path), hint="--out OTHER_FOLDER") from None
        except OSError as error:
            raise FolderError(f"cannot lock the run folder: {error}", where=str(self.path)) from error
        try:
            yield
        finally:
            lock.release()

    def _name_owner(self) -> str:
        status = None
        with suppress(CheckpointError):
            status = read_status(self.path)
        return name_holder(self.path / "run.lock", status)


SECTIONS = ("model", "loss", "lipschitz", "conditioner", "dataset", "optim", "train", "eval")
"""Sections that every version writes into the recipe of a run."""


def require_sections(tables: Mapping[str, Any], path: Path) -> None:
    """Raise ConfigError for the recipe of a run that lacks a section: defaults would be other settings in silence."""
    if lacking := [name for name in SECTIONS if name not in tables]:
        what = f"recipe.toml is cut short: [{lacking[0]}] is missing, and a run writes every setting"
        raise ConfigError(what, where=str(path), hint="bring back a copy of the file")


@contextmanager
def explain_disk(path: Path) -> Iterator[None]:
    """Turn a full or unwritable disk into a ResourceError; the checkpoints so far stay as they are."""
    try:
        yield
    except OSError as error:
        hint = "make room or allow writing there, then resume the run"
        raise ResourceError(f"cannot write the run: {error}", where=str(path), hint=hint) from error


def read_reports(folder: RunFolder) -> list[dict[str, Any]]:
    """Return the reports of scores.json, the newest last; none, with a warning, if it is damaged."""
    return known_scores(folder.path)


def choose_name(run: RunConfig) -> str:
    """Return a name for a new run folder: combination, dataset, seed, time (UTC) and six random digits."""
    title = re.sub(r"[^A-Za-z0-9._+-]", "-", run.title)
    return f"{title}_s{run.train.seed}_{datetime.now(UTC):%Y%m%d-%H%M%S}_{secrets.token_hex(3)}"


def timestamp() -> str:
    """Return the time now, in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
