"""The files of checkpoints: found by number, compared with their sidecars, and read as plain data."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from ganzoo.data.torch_files import require_stored
from ganzoo.errors import CheckpointError, ResourceError
from ganzoo.files import open_regular, read_regular, write_atomically
from ganzoo.machine.limits import available_bytes
from ganzoo.runs.damage import move_aside

SCHEMA = 1
_MOST_SIDECAR = 1 << 20
"""Most bytes of a sidecar; one has less than a thousand."""
_DAMAGE = (errno.ENOENT, errno.EISDIR, errno.ENOTDIR, errno.EINVAL, errno.EFBIG, errno.ELOOP, errno.ENXIO)
"""Errors by which a file is missing or is none; by any other it may be whole, and readable at another time."""


def is_damage(error: OSError) -> bool:
    """Return whether a file is missing or is none; by another error it may be whole, and readable at another time."""
    return error.errno in _DAMAGE


class DamageError(Exception):
    """The bytes on disk are not the ones that were saved; the text says how they differ."""


def find_files(folder: Path, suffix: str) -> dict[int, Path]:
    """Return the files step-N with this suffix, by N; none if the folder does not exist.

    Raises ResourceError if the folder cannot be read: it must not be taken for an empty one.
    """
    try:
        names = [path.name for path in folder.iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise _unreadable(folder, error) from error
    steps = {name: name[len("step-") : -len(suffix)] for name in names if name.startswith("step-")}
    return {int(step): folder / name for name, step in steps.items() if name.endswith(suffix) and step.isdecimal()}


def read_verified(sidecar: Path) -> dict[str, Any]:
    """Return the state that a sidecar describes.

    Raises DamageError if size or SHA-256 differ, ResourceError if the file cannot be read now, CheckpointError if it
    holds more than plain data or comes from a newer ganzoo.
    """
    path = sidecar.with_suffix(".pt")
    _require_readable(sidecar)
    versions = list(read_versions(sidecar))
    if not isinstance(schema := versions[0].get("schema"), int):
        raise DamageError("unreadable sidecar")
    if schema > SCHEMA:
        what = f"{path.name} was written by a newer ganzoo (schema {schema} > {SCHEMA})"
        raise CheckpointError(what, where=str(path), hint="upgrade ganzoo")
    return deserialise(path, _verify(path, versions))


def _require_readable(path: Path) -> None:
    """Raise ResourceError if a file may be whole, and cannot be read now."""
    try:
        with open_regular(path) as file:
            file.read(1)
    except OSError as error:
        if error.errno not in _DAMAGE:
            raise _unreadable(path, error) from error


def read_versions(sidecar: Path) -> Iterator[dict[str, Any]]:
    """Yield the records of a sidecar: of its state, and of the one that an unfinished save was to replace."""
    record: Any = read_json(sidecar)
    while isinstance(record, dict):
        yield record
        record = record.get("former")


def _verify(path: Path, versions: list[dict[str, Any]]) -> bytes:
    """Return the bytes of a state. Raises DamageError unless a record of its sidecar has their size and SHA-256."""
    try:
        with open_regular(path) as file:
            if (size := os.fstat(file.fileno()).st_size) not in [record.get("bytes") for record in versions]:
                raise DamageError(f"size {size}, expected {versions[0].get('bytes')}")
            if size > available_bytes():
                raise _no_memory(path)
            data = file.read()
    except OSError as error:
        if error.errno in _DAMAGE:
            raise DamageError(f"cannot be read: {error.strerror}") from None
        raise _unreadable(path, error) from error
    if hashlib.sha256(data).hexdigest() not in [record.get("sha256") for record in versions]:
        raise DamageError("sha256 mismatch")
    return data


def _unreadable(path: Path, error: OSError) -> ResourceError:
    what = f"{path.name} cannot be read now: {error.strerror}"
    return ResourceError(what, where=str(path), hint="the same again, when its disk is back")


def deserialise(path: Path, data: bytes) -> dict[str, Any]:
    """Load plain data. The text of torch's errors is dropped, since it advises to load the file unsafely.

    Raises what `read_verified` raises.
    """
    unsafe = CheckpointError(f"refusing to load {path.name}: unsafe object", where=str(path))
    if not data.startswith(b"PK\x03\x04"):  # torch.save makes zip files, not bare pickles
        raise unsafe if data.startswith(b"\x80") else not_ours(path)
    try:
        require_stored(data)
        state = torch.load(BytesIO(data), map_location="cpu", weights_only=True)
    except UnpicklingError:
        raise unsafe from None
    except Exception as error:  # torch's zip and pickle readers raise almost anything
        if isinstance(error, MemoryError) or "allocate memory" in str(error):
            raise _no_memory(path) from None
        raise DamageError("unreadable") from None
    if not isinstance(state, dict):
        raise not_ours(path)
    return state


def _no_memory(path: Path) -> ResourceError:
    return ResourceError(f"not enough memory to load {path.name}", where=str(path))


def not_ours(path: Path) -> CheckpointError:
    """Return the error for a file that is no checkpoint."""
    return CheckpointError(f"{path.name} is not a ganzoo checkpoint", where=str(path), hint="runs/NAME, a run folder")


def rename_corrupt(path: Path) -> None:
    """Rename a file to *.corrupt; one of that name stays. Raises OSError."""
    number, target = 1, path.with_name(f"{path.name}.corrupt")
    while target.exists():
        number, target = number + 1, path.with_name(f"{path.name}.{number}.corrupt")
    path.rename(target)


def write_json(path: Path, record: Mapping[str, Any]) -> None:
    """Write one of the JSON files of this folder. Raises OSError."""
    if path.exists() and not path.is_file():  # it is in the way of a file that can be written anew
        move_aside(path)
    write_atomically(path, (json.dumps(record, indent=1) + "\n").encode())


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in one of these JSON files, or {} if it cannot be read."""
    try:
        record = json.loads(read_regular(path, _MOST_SIDECAR))
    except (OSError, ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}
