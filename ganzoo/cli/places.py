"""Files and folders that a command line names, looked at before torch is imported, so that a slip is told at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.errors import ConfigError, DataError, EvaluationError, FolderError
from ganzoo.settings.dataset_paths import PHOTO_SETS, READERS

if TYPE_CHECKING:
    from ganzoo.settings.sections import Choice, RunConfig


def require_places(run: RunConfig, out: Path | None = None) -> None:
    """Raise an error if files that the settings name are not there, or if the run folder `out` is taken."""
    from ganzoo.runs.folder import RunFolder
    from ganzoo.runs.new_folder import require_free

    if out is not None and os.environ.get("RANK", "0") == "0":  # the first process of torchrun makes the folder
        require_free(out)
    if run.init.run:
        RunFolder(Path(run.init.run).expanduser()).read_recipe()  # its error says that this is no run
    require_data(run.dataset)
    require_file(run.eval.reference, "statistics", "--set eval.reference=FILE.npz")
    if run.features.name != "auto":
        ways = "--inception-weights FILE, or --set features.weights=FILE"
        require_file(str(run.features.options.get("weights", "")), "weights", ways)


def require_data(dataset: Choice) -> None:
    """Raise DataError if the path that a dataset of files reads is not there."""
    path = dataset.options.get("path", "")
    if dataset.name not in ("folder", "lmdb", *READERS, *PHOTO_SETS) or not isinstance(path, str) or not path:
        return
    if not Path(path).expanduser().exists():
        hint = f"--dataset {dataset.name}:PATH"
        raise DataError(f"no data: there is no {path}", where="dataset.path", hint=hint)


def require_file(path: str, content: str, hint: str) -> None:
    """Raise EvaluationError if a path that is not empty leads to no file."""
    if path and not Path(path).expanduser().is_file():
        what = "it is a folder" if Path(path).is_dir() else "there is no such file"
        raise EvaluationError(f"no {content} in {path}: {what}", hint=hint)


def require_run(path: Path, out: Path | None = None) -> None:
    """Raise CheckpointError if a path is no run, FolderError if the new folder `out` is taken."""
    from ganzoo.runs.folder import RunFolder
    from ganzoo.runs.new_folder import require_free

    RunFolder(path).read_recipe()
    if out is not None and os.environ.get("RANK", "0") == "0":
        require_free(out)


def require_target(path: Path, given: Mapping[str, Any]) -> None:
    """Raise ConfigError if what is to be scored is no run, and the settings name nothing to compare it with."""
    if "dataset.name" not in given:  # both are refused for more than a file that is missing
        require_file(str(given.get("eval.reference", "")), "statistics", "--reference FILE.npz")
    if not os.path.lexists(path / "recipe.toml") and not {"dataset.name", "eval.reference"} & given.keys():
        what = "this is no run, and images are scored against a dataset: none is named"
        raise ConfigError(what, where=str(path), hint="--dataset digits, or --dataset folder:PATH (of real images)")


def require_grid_folder(path: Path) -> None:
    """Raise FolderError unless a grid can be written into a folder: it is new, empty, or holds a grid."""
    from ganzoo.grid.records import holds_grid

    if path.is_dir() and (holds_grid(path) or not any(file.name != "grid.lock" for file in path.iterdir())):
        return
    if os.path.lexists(path):
        raise FolderError("the folder holds no grid", where=str(path), hint="--out OTHER_FOLDER")
