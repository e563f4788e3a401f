"""The folder of a new run: free before, made, claimed, and gone again if the run is refused."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ganzoo.errors import CheckpointError, ConfigError, FolderError
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.interrupts import removed_at_the_end
from ganzoo.runs.records import read_status

_LOCK = "run.lock"
_FIRST_FILES = (_LOCK, "manifest.json")
"""Files of a run before its recipe, which comes last."""


def require_free(path: Path) -> None:
    """Raise FolderError if the path of a new run is taken."""
    if os.path.lexists(path) and not _is_free(path):
        raise _taken(RunFolder(path))


def require_named(out: Path | None) -> Path:
    """Return the folder that --auto-resume looks into. Raises ConfigError if none is given."""
    if out is None:
        what = "--auto-resume needs --out: without it each start is a new run, in a folder of its own"
        raise ConfigError(what, hint="--out runs/NAME")
    return out


def create_folder(path: Path) -> RunFolder:
    """Make a new run folder. Raises FolderError if the path is taken or cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir()
    except OSError as error:
        if _is_free(path):
            return RunFolder(path)
        if path.exists():
            raise _taken(RunFolder(path)) from None
        raise FolderError(f"cannot make the run folder: {error}", where=str(path), hint="--out OTHER_FOLDER") from error
    return RunFolder(path)


def _is_free(path: Path) -> bool:
    """Return whether a folder is empty, or was left by a run that was killed before it began."""
    if not path.is_dir():
        return False
    names = {file.name for file in path.iterdir()}
    begun = {name for name in names if name in _FIRST_FILES or ".tmp-" in name}
    return not names or (_LOCK in names and names == begun)


@contextmanager
def emptied_if_refused(folder: RunFolder) -> Iterator[RunFolder]:
    """Remove a new folder, which is still empty, if an error or a signal ends the run before it begins."""
    try:
        with removed_at_the_end(folder.path):
            yield folder
    except BaseException:
        with suppress(OSError):
            folder.path.rmdir()
        raise


@contextmanager
def claim_new(folder: RunFolder) -> Iterator[None]:
    """Hold a new folder for this process; remove it with its content if a signal comes before training begins.

    Raises FolderError if another process has begun a run in it since it was created, and what `claim` raises.
    """
    with folder.claim():
        if folder.recipe.exists():
            raise _taken(folder)
        with removed_at_the_end(folder.path, is_ours=True):
            yield


def _taken(folder: RunFolder) -> FolderError:
    try:
        status = read_status(folder.path)
    except CheckpointError as error:
        return FolderError(f"the folder exists; {error.what}", where=str(folder.path), hint="--out OTHER_FOLDER")
    if status is None:
        return FolderError("the path exists and is not a run folder", where=str(folder.path), hint="--out OTHER_FOLDER")
    found = f"the folder exists (step {status.step}, {status.state})"
    return FolderError(found, where=str(folder.path), hint=f"{folder.resume_command}, or --out OTHER_FOLDER")
