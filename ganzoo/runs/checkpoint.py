"""Checkpoints: saved whole or not at all, restored exactly or refused.

    step-00000500.pt     torch.save of dicts, lists and tuples of tensors, numbers, strings and None: no code
    step-00000500.json   its sidecar {schema, step, file, bytes, sha256, torch}; a .pt file without one does not count
    latest.json          a copy of the sidecar of the step saved last, which `load` tries first
    best.json            the step with the best score, which rotation spares

A state is any dict of plain data. Only the holder of the run lock may save and sweep; anyone may load.
"""

import errno
import hashlib
import math
import os
import shutil
import sys
import warnings
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch.serialization import get_unsafe_globals_in_checkpoint

from ganzoo.errors import CheckpointError, DivergedError, ResourceError
from ganzoo.files import write_atomically
from ganzoo.runs.checkpoint_files import (
    SCHEMA,
    DamageError,
    find_files,
    not_ours,
    read_json,
    read_verified,
    read_versions,
    rename_corrupt,
    write_json,
)
from ganzoo.runs.damage import warn
from ganzoo.runs.records import RESTART


class Checkpoint(NamedTuple):
    """A verified checkpoint, with every tensor on the CPU."""

    step: int
    state: dict[str, Any]
    warnings: tuple[str, ...]
    """One for each damaged checkpoint that was passed over."""
    damaged: tuple[int, ...] = ()
    """Their steps."""


def save(folder: Path, step: int, state: Mapping[str, Any], *, keep_last: int = 3) -> Path:
    """Write the checkpoint of `step`, then delete all but the last `keep_last` steps and the best one.

    Later steps, left by an earlier attempt, stay. A file that cannot be deleted causes a RuntimeWarning.
    Raises DivergedError if a tensor is not finite, CheckpointError if the state could not be restored,
    ResourceError if the disk is full or not writable; the checkpoints before it stay as they were.
    """
    require_finite(step, state)
    data = _serialise(step, state)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = _publish(folder, step, data)
    except OSError as error:
        raise _not_saved(folder, step, error) from error
    _rotate(folder, step, keep_last)
    return path


def require_finite(step: int, state: Mapping[str, Any]) -> None:
    """Raise DivergedError, naming the first tensor of a state that is not finite."""
    for path, tensor in list_tensors(state):
        if not torch.isfinite(tensor).all():
            what = f"{path} is not finite: checkpoint of step {step} not saved"
            raise DivergedError(what, hint="--set optim.lr_d=1e-4 --set optim.lr_g=1e-4 (smaller rates)")


def list_tensors(node: Any, path: str = "") -> Iterator[tuple[str, torch.Tensor]]:
    """Yield every tensor below `node` with its key path, such as ("G.trunk.0.weight", tensor)."""
    if isinstance(node, torch.Tensor):
        yield path, node
    elif isinstance(node, Mapping | list | tuple):
        for key, child in node.items() if isinstance(node, Mapping) else enumerate(node):
            yield from list_tensors(child, f"{path}.{key}" if path else str(key))


def _serialise(step: int, state: Mapping[str, Any]) -> bytes:
    buffer = BytesIO()  # to a file, torch.save hides a full disk behind a RuntimeError
    torch.save(_separate(state), buffer)
    buffer.seek(0)
    if unsafe := get_unsafe_globals_in_checkpoint(buffer):
        what = f"the state holds {', '.join(sorted(unsafe))}: checkpoint of step {step} not saved"
        raise CheckpointError(what, hint="keep only tensors, numbers, strings, lists, tuples, dicts in it")
    return buffer.getvalue()


def _separate(node: Any) -> Any:
    """Return a copy in which equal strings are one object and no list is two: equal states make equal files.

    Pickle writes an object that it has met before as a reference to it.
    """
    if isinstance(node, str):
        return sys.intern(str(node))
    if isinstance(node, list | tuple):
        return type(node)(map(_separate, node)) if type(node) in (list, tuple) else node
    if not isinstance(node, Mapping):
        return node
    copy = {_separate(key): _separate(value) for key, value in node.items()}
    if not isinstance(node, OrderedDict):
        return copy
    ordered = OrderedDict(copy)
    vars(ordered).update(_separate(vars(node)))  # the versions of layers, in the state of a network
    return ordered


def _publish(folder: Path, step: int, data: bytes) -> Path:
    """Write the state, then the sidecar that makes it count, then the pointer to it."""
    path = folder / f"step-{step:08d}.pt"
    sidecar = {"schema": SCHEMA, "step": step, "file": path.name, "bytes": len(data)}
    sidecar |= {"sha256": hashlib.sha256(data).hexdigest(), "torch": str(torch.__version__)}
    if 0 < shutil.disk_usage(folder).free < len(data):  # some network file systems always report 0
        raise OSError(errno.ENOSPC, "too few bytes are free")
    if former := read_json(path.with_suffix(".json")):  # if killed before the end, either state is valid
        write_json(path.with_suffix(".json"), sidecar | {"former": former})
    write_atomically(path, data)
    try:
        write_json(path.with_suffix(".json"), sidecar)
        write_json(folder / "latest.json", sidecar)
    except OSError:
        if not former:
            _discard(path)  # a state without its sidecar would only fill the disk further
        raise
    return path


def _not_saved(folder: Path, step: int, error: OSError) -> ResourceError:
    full = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
    reason = "no space left" if full else f"cannot write ({error.strerror})"
    kept = available_steps(folder)
    previous = f"previous kept (step {kept[-1]})" if kept else "there is no previous one"
    what = f"{reason}: checkpoint of step {step} not saved; {previous}"
    return ResourceError(what, where=str(folder), hint="make room or allow writing there, then resume the run")


def _rotate(folder: Path, step: int, keep_last: int) -> None:
    """Delete older steps, and states without a sidecar, whose save was killed."""
    if lost := _lost(folder / "best.json"):
        warn(f"{lost[0]}; no checkpoint is deleted, for one may be the best")
        return
    older = [saved for saved in available_steps(folder) if saved <= step]
    kept = {best_step(folder), *older[max(0, len(older) - keep_last) :]}
    for saved, path in (find_files(folder, ".pt") | find_files(folder, ".json")).items():
        if saved < step and saved not in kept:
            try:
                _discard(path)
            except OSError as error:
                warnings.warn(f"cannot delete {path.stem}: {error.strerror}", RuntimeWarning, stacklevel=3)


def _lost(path: Path) -> list[str]:
    """Return a remark if a file that points to a step is there and says none."""
    is_lost = os.path.lexists(path) and not isinstance(read_json(path).get("step"), int)
    return [f"{path} cannot be read"] if is_lost else []


def _discard(path: Path) -> None:
    path.with_suffix(".json").unlink(missing_ok=True)  # first: half a deletion must not look like damage
    path.with_suffix(".pt").unlink(missing_ok=True)


def mark_best(folder: Path, step: int, score: float) -> None:
    """Keep `step`, the best so far, from rotation. Raises ValueError if the score is not finite."""
    if not math.isfinite(score):
        raise ValueError(f"a score of {score} cannot be the best (step {step})")
    write_json(folder / "best.json", {"schema": SCHEMA, "step": step, "score": float(score)})


def best_step(folder: Path) -> int | None:
    """Return the step last given to `mark_best`, or None."""
    step = read_json(folder / "best.json").get("step")
    return step if isinstance(step, int) else None


def available_steps(folder: Path) -> list[int]:
    """Return in order the steps that are complete: a sidecar, and a state of the size that it gives."""
    steps = []
    for step, sidecar in find_files(folder, ".json").items():
        with suppress(OSError):  # the process that trains may delete it meanwhile
            size = sidecar.with_suffix(".pt").stat().st_size
            if size in [record.get("bytes") for record in read_versions(sidecar)]:
                steps.append(step)
    return sorted(steps)


def read_digest(folder: Path, step: int) -> str:
    """Return the SHA-256 of the state of a step, as its sidecar gives it."""
    return str(read_json(find_files(folder, ".json")[step]).get("sha256", ""))


def load(folder: Path, step: int | None = None, *, quarantine: bool = True) -> Checkpoint:
    """Verify and load the checkpoint of `step`, or the newest usable one: that of latest.json, then by number.

    A damaged one is passed over and renamed to *.corrupt; `quarantine=False` leaves it, for a folder that
    another process writes to. Raises CheckpointError if none is usable, if `step` is absent or damaged, or if
    the file holds more than plain data or comes from a newer ganzoo; ResourceError if a file cannot be read now.
    """
    if folder.is_file():
        raise not_ours(folder)
    sidecars = find_files(folder, ".json")
    latest, lost = read_json(folder / "latest.json").get("step"), _lost(folder / "latest.json")
    newest_first = sorted(sidecars, key=lambda saved: (saved == latest, saved), reverse=True)
    damaged: dict[int, str] = {}
    for tried in [saved for saved in newest_first if step in (None, saved)]:
        try:
            state = read_verified(sidecars[tried])
            _require_step(state, tried)
        except DamageError as damage:
            damaged[tried] = f"checkpoint step {tried} is corrupt ({damage})"
            if quarantine:
                set_aside(folder, tried)
        else:
            passed_over = [f"{text}; using step {tried}" for text in (*damaged.values(), *([] if step else lost))]
            return Checkpoint(tried, state, tuple(passed_over), tuple(damaged))
    raise _none_usable(folder, step, damaged)


def _require_step(state: Mapping[str, Any], step: int) -> None:
    """Raise DamageError if a state says that it is of another step than its file: the file was renamed."""
    if (held := state.get("step", step)) != step:
        raise DamageError(f"it holds step {held}")


def _none_usable(folder: Path, step: int | None, damaged: Mapping[int, str]) -> CheckpointError:
    if step is not None:
        others = [other for other in available_steps(folder) if other != step]
        nearest = min(others, key=lambda other: abs(other - step), default=None)
        fault = damaged.get(step, f"there is no checkpoint of step {step}")
        what = f"{fault} (available: {', '.join(map(str, others)) or 'none'})"
        hint = "" if nearest is None else f"--step {nearest}, or --from {nearest}"
        return CheckpointError(what, where=str(folder), hint=hint)
    count = len(damaged.keys() | find_files(folder, ".json.corrupt").keys())
    what = f"no usable checkpoint in {folder} ({count} found, {count} corrupt)"
    hint = f"bring back a copy of the folder, or {RESTART}" if count else "start the run first"
    return CheckpointError(what, where="; ".join(damaged.values()), hint=hint)


def set_aside(folder: Path, step: int) -> None:
    """Rename the files of a step to *.corrupt. Only for the holder of the run lock."""
    for path in [files[step] for suffix in (".json", ".pt") if step in (files := find_files(folder, suffix))]:
        with suppress(OSError):  # a read-only folder can still be loaded
            rename_corrupt(path)


def is_any_saved(folder: Path) -> bool:
    """Return whether a sidecar says that a checkpoint was saved, damaged or not. Raises ResourceError."""
    return bool(find_files(folder, ".json") or find_files(folder, ".json.corrupt"))


def find_lone_states(folder: Path) -> list[int]:
    """Return in order the steps whose state has no sidecar: a save was killed between the two, or it was lost."""
    return sorted(find_files(folder, ".pt").keys() - find_files(folder, ".json").keys())


def sweep(folder: Path) -> int:
    """Remove the temporary files of killed writers, and return their number. Only for the holder of the run lock."""
    for path in (stale := list(folder.glob(".*.tmp-*"))):
        with suppress(OSError):
            path.unlink()
    return len(stale)
