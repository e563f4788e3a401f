"""A cache of decoded images: one memory-mapped file per dataset, decoded again if anything about it is doubtful.

    <name>.pixels   uint8 (M, C, S, S), row after row
    <name>.json     M, SHA-256 of the samples, what became of each image; without it the pixels count for nothing

The name is a hash of all that the pixels depend on: contents of the files, decode options, versions of the decoders.
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
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import PIL
import torch
from filelock import FileLock
from PIL import features
from torch import Tensor

from ganzoo.data.decoding import DecodeOptions
from ganzoo.data.reading import Survey
from ganzoo.data.samples import Samples
from ganzoo.errors import ResourceError
from ganzoo.files import cache_folder, read_json, write_atomically

MOST_RECORD = 2**28
"""Bytes of a record, which names the images that cannot be read: room for a million names."""
SCHEMA = 2
"""Version of the files here; grows whenever images are decoded differently."""


class _DamageError(Exception):
    """An entry is not as it was written; the text says what is wrong."""


@dataclass(frozen=True, eq=False)
class Source:
    """The images of one entry: what the cache needs to write it, and to make samples of it."""

    options: DecodeOptions
    bytes: int
    """Size of all pixels."""
    decode: Callable[[BinaryIO], Survey]
    """Write the pixels of every readable image to a file, in order."""
    describe: Callable[[Tensor, Survey], Samples]
    """Return the samples with these pixels, uint8 (M, C, S, S)."""


def name(content: str, options: DecodeOptions) -> str:
    """Return the name of the entry of files with this content hash, decoded with these options."""
    decoders = [PIL.__version__, *(_version(codec) for codec in ("jpg", "zlib", "webp", "libtiff", "avif", "jpg_2000"))]
    parts = {"schema": SCHEMA, "files": content, "look": options._asdict(), "decoders": decoders}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _version(codec: str) -> str | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that an older Pillow does not know the codec
        return features.version(codec)


def find_folder() -> Path:
    """Return the folder of the cache. Raises ResourceError if there is no home directory."""
    folder = cache_folder("images")
    if folder is None:
        raise ResourceError("there is no folder for --cache: there is no home directory", hint="GANZOO_CACHE=DIR")
    return folder


def load(entry: str, source: Source) -> Samples:
    """Return the samples of an entry; if it is missing or damaged, decode and write it first.

    One process at a time writes an entry, and others wait for it. Raises what `decode` and `describe` of the
    source raise, and ResourceError if the entry cannot be written.
    """
    path = find_folder() / f"{entry}.pixels"
    with suppress(FileNotFoundError, _DamageError):
        return _read(path, source)
    with _explaining(path.parent, source.bytes):
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            try:
                return _read(path, source)  # another process has written it meanwhile
            except FileNotFoundError:
                return _write(path, source)
            except _DamageError as damage:
                samples = _write(path, source)
                note = f"the cached images were unusable ({damage}), decoded again: {path}"
                return replace(samples, notes=(note, *samples.notes))


def _read(path: Path, source: Source) -> Samples:
    """Map an entry and compare its hash, for which it is read once. Raises FileNotFoundError, _DamageError."""
    try:
        facts = _read_record(path.with_suffix(".json"))
        bad, changes = [tuple(bad) for bad in facts["bad"]], Counter(facts["changes"])
        depth = [facts[key] for key in ("peak", "deep", "beyond")]
        survey = Survey(facts["count"], bad, changes, facts["grey"], *depth)
        samples, written = source.describe(_map(path, source.options, survey), survey), facts["sha256"]
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
        raise _DamageError(f"its record is damaged: {error}") from error
    if samples.digests.images != written:
        raise _DamageError("its content is not what was written")
    return samples


def _read_record(path: Path) -> Any:
    """Return the value in a JSON file. Raises FileNotFoundError, _DamageError, ValueError."""
    try:
        return read_json(path, MOST_RECORD)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _DamageError(str(error.strerror or error)) from error


def _write(path: Path, source: Source) -> Samples:
    """Write pixels, then the record; each is whole or not there."""
    for left in path.parent.glob(f".{path.name}.tmp-*"):
        left.unlink()  # written by a process that was killed: this one holds the lock
    if shutil.disk_usage(path.parent).free < source.bytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    temporary = path.with_name(f".{path.name}.tmp-{os.getpid()}")
    try:
        with temporary.open("xb") as file:
            survey = source.decode(file)
            file.flush()
            os.fsync(file.fileno())
        samples = source.describe(_map(temporary, source.options, survey), survey)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    facts: dict[str, Any] = vars(survey) | {"sha256": samples.digests.images}
    write_atomically(path.with_suffix(".json"), json.dumps(facts).encode())
    return samples


def _map(path: Path, options: DecodeOptions, survey: Survey) -> Tensor:
    """Return uint8 (M, C, S, S) that lie in a file and are never written. Raises _DamageError for another length."""
    shape = (survey.count - len(survey.bad), *options.shape)
    if (found := path.stat().st_size) != (wanted := int(np.prod(shape))):
        raise _DamageError(f"{found:,} bytes of {wanted:,}")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")
        return torch.from_numpy(np.memmap(path, mode="r", shape=shape))


@contextmanager
def _explaining(folder: Path, needed: int) -> Iterator[None]:
    """Turn an error of the disk into ResourceError."""
    try:
        yield
    except OSError as error:
        what = f"the cache cannot be written: {str(error.strerror or error).lower()}"
        where = f"{folder}, {needed / 2**30:.1f} GiB"
        raise ResourceError(what, where=where, hint="GANZOO_CACHE=DIR on another disk, or leave out --cache") from error
