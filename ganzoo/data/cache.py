"""Decoded images in one memory-mapped file, from which anything doubtful is decoded again.

    <name>.pixels   uint8 (M, C, S, S), row after row
    <name>.json     M, SHA-256 of the samples, what became of each image; without it the pixels count for nothing

The name is a hash of what the pixels depend on: the files by content, how they are decoded, and what decodes them.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import PIL
import torch
from filelock import FileLock
from PIL import features
from torch import Tensor

from ganzoo.data.reading import Look, Survey
from ganzoo.data.samples import Samples
from ganzoo.errors import ResourceError
from ganzoo.files import cache_folder, write_atomically

SCHEMA = 1
"""Of the files here; grows whenever images are decoded differently."""


class _DamageError(Exception):
    """An entry is not as it was written; the text says how it shows."""


def name(content: str, look: Look) -> str:
    """Return the name of the entry of some files, whose content hash this is, decoded in this way."""
    decoders = [PIL.__version__, *(features.version(codec) for codec in ("jpg", "zlib", "webp", "libtiff"))]
    parts = {"schema": SCHEMA, "files": content, "look": look._asdict(), "decoders": decoders}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def find_folder() -> Path:
    """Return the folder of the cache. Raises ResourceError if there is no home directory."""
    folder = cache_folder("images")
    if folder is None:
        raise ResourceError("there is no folder for --cache: there is no home directory", hint="GANZOO_CACHE=DIR")
    return folder


def load(
    entry: str,
    look: Look,
    needed: int,
    decode: Callable[[BinaryIO], Survey],
    describe: Callable[[Tensor, Survey], Samples],
) -> Samples:
    """Return the samples of an entry; where there is none, or a damaged one, `decode` writes its pixels first.

    `needed` is their size in bytes. One process at a time writes an entry, and others wait for it. Raises what
    `decode` and `describe` raise, ResourceError if the entry cannot be written.
    """
    path = find_folder() / f"{entry}.pixels"
    with suppress(FileNotFoundError, _DamageError):
        return _read(path, look, describe)
    with _explaining(path.parent, needed):
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            try:
                return _read(path, look, describe)  # another process has written it meanwhile
            except FileNotFoundError:
                return _write(path, look, needed, decode, describe)
            except _DamageError as damage:
                samples = _write(path, look, needed, decode, describe)
                note = f"the cached images were unusable ({damage}), decoded again: {path}"
                return replace(samples, notes=(note, *samples.notes))


def _read(path: Path, look: Look, describe: Callable[[Tensor, Survey], Samples]) -> Samples:
    """Map an entry and compare its hash, which reads it once. Raises FileNotFoundError, _DamageError."""
    try:
        facts = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        survey = Survey(facts["count"], [tuple(bad) for bad in facts["bad"]], Counter(facts["changes"]), facts["grey"])
        samples = describe(_map(path, look, survey), survey)
    except (ValueError, KeyError, TypeError) as error:
        raise _DamageError(f"its record is damaged: {error}") from error
    if samples.digests.images != facts["sha256"]:
        raise _DamageError("its content is not what was written")
    return samples


def _write(
    path: Path,
    look: Look,
    needed: int,
    decode: Callable[[BinaryIO], Survey],
    describe: Callable[[Tensor, Survey], Samples],
) -> Samples:
    """Write pixels, then the record; each is whole or not there."""
    for left in path.parent.glob(f".{path.name}.tmp-*"):
        left.unlink()  # of a process that was killed: the lock is ours
    if shutil.disk_usage(path.parent).free < needed:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    temporary = path.with_name(f".{path.name}.tmp-{os.getpid()}")
    try:
        with temporary.open("xb") as file:
            survey = decode(file)
            file.flush()
            os.fsync(file.fileno())
        samples = describe(_map(temporary, look, survey), survey)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    facts: dict[str, Any] = vars(survey) | {"sha256": samples.digests.images}
    write_atomically(path.with_suffix(".json"), json.dumps(facts).encode())
    return samples


def _map(path: Path, look: Look, survey: Survey) -> Tensor:
    """Return uint8 (M, C, S, S) that lie in a file and are never written. Raises _DamageError for another length."""
    shape = (survey.count - len(survey.bad), look.channels, look.size, look.size)
    if (found := path.stat().st_size) != (wanted := int(np.prod(shape))):
        raise _DamageError(f"{found:,} bytes of {wanted:,}")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")
        return torch.from_numpy(np.memmap(path, mode="r", shape=shape))


@contextmanager
def _explaining(folder: Path, needed: int) -> Iterator[None]:
    """Turn what a disk refuses into ResourceError."""
    try:
        yield
    except OSError as error:
        what = f"the cache cannot be written: {(error.strerror or str(error)).lower()}"
        where = f"{folder}, {needed / 2**30:.1f} GiB"
        raise ResourceError(what, where=where, hint="GANZOO_CACHE=DIR on another disk, or without --cache") from error
