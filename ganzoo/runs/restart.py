"""A run that has trained and has no checkpoint left: it is refused, or begins anew if the user says so."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from ganzoo.data.listing import abridge
from ganzoo.errors import CheckpointError
from ganzoo.runs import checkpoint
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.records import RESTART, read_last_log_record, read_status

_KEPT = ("recipe.toml", "manifest.json", "run.lock", "discarded")
"""Files that stay in the folder of a run that begins anew."""


def require_untrained(folder: RunFolder) -> None:
    """Raise CheckpointError if a run without a checkpoint has trained; one that was killed before its first has not.

    The first checkpoint, that of step 0, is written before the first step.
    """
    if not (traces := list(find_traces(folder))):
        return
    reached = max(_read_step(folder), _read_last_step(folder))
    trained = f"the run has trained {reached:,} steps" if reached else "the run has trained"
    what = f"{trained}, but has no checkpoint to go on from: {_describe_checkpoints(folder.checkpoints)}"
    hint = f"bring them back from a copy, or {RESTART}"
    raise CheckpointError(what, where=f"{folder.path} ({', '.join(traces)} say so)", hint=hint)


def find_lost(folder: RunFolder, newest: int) -> list[int]:
    """Return the steps after the newest checkpoint whose state was saved and has lost its sidecar.

    A save that was killed between the two leaves such a state too, of a step that the status does not have yet.
    """
    lone, saved = checkpoint.find_lone_states(folder.checkpoints), _read_step(folder)
    return [step for step in lone if newest < step <= saved]


def find_traces(folder: RunFolder) -> list[str]:
    """Return the files that only a run that has trained has, by their names."""
    traces = ["status.json"] if _read_step(folder) else []
    lines = (folder.log, folder.evaluations, folder.audits, folder.scores)
    traces += [path.name for path in lines if path.is_file() and path.stat().st_size]
    traces += ["samples"] if folder.grids else []
    others = [path.name for path in folder.checkpoints.glob("*") if not _is_begun(path)]
    return traces + (["checkpoints"] if others else [])


def _is_begun(path: Path) -> bool:
    """Return whether a file may be left of a first save that was killed."""
    return path.name in ("step-00000000.pt",) or ".tmp-" in path.name


def _read_step(folder: RunFolder) -> int:
    """Return the step of the status; 0 if it has none, or is damaged."""
    with suppress(CheckpointError):
        if status := read_status(folder.path):
            return status.step
    return 0


def _read_last_step(folder: RunFolder) -> int:
    with suppress(CheckpointError):
        return int(read_last_log_record(folder.path).get("step", 0))
    return 0


def _describe_checkpoints(folder: Path) -> str:
    if folder.is_symlink() and not folder.exists():
        return f"the folder checkpoints is a link to {folder.readlink()}, which is not there"
    if not folder.exists():
        return "the folder checkpoints is missing"
    if lone := checkpoint.find_lone_states(folder):
        return f"the sidecars (.json) of {abridge([f'step-{step:08d}.pt' for step in lone], 3)} are missing"
    files = sorted(path.name for path in folder.iterdir())
    return f"the folder checkpoints has only {abridge(files, 3)}" if files else "the folder checkpoints is empty"


def set_aside(folder: RunFolder) -> Path:
    """Move all that a run has made into a new folder within its own, and return that; nothing is deleted.

    The checkpoints go first: without them a run that is killed meanwhile is refused, not mixed.
    """
    place = _free_place(folder.path / "discarded")
    place.mkdir(parents=True)
    made = [path for path in folder.path.iterdir() if path.name not in _KEPT]
    for path in sorted(made, key=lambda path: (path != folder.checkpoints, path.name)):
        path.rename(place / path.name)
    return place


def _free_place(folder: Path) -> Path:
    number = 1
    while (place := folder / str(number)).exists():
        number += 1
    return place
