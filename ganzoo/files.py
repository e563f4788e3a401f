"""Files that are written whole or not at all, and logs of JSON lines. No torch here."""

from __future__ import annotations

import codecs
import errno
import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO


def write_atomically(path: Path, data: bytes) -> None:
    """Replace the content of a file in one step, so that a kill leaves the old or the new one. Raises OSError."""
    temporary = path.with_name(f".{path.name}.tmp-{os.getpid()}-{os.urandom(4).hex()}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if temporary.stat().st_size != len(data):
            raise OSError(errno.EIO, "the file is shorter or longer than what was written")
        temporary.replace(path)
    finally:
        with suppress(OSError):  # it is gone after the rename; an error here must not hide the first one
            temporary.unlink(missing_ok=True)
    with suppress(OSError):  # some network file systems refuse this, and the rename has already happened
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


_CHOSEN_FOLDERS = {
    "data": ("GANZOO_DATA", ""),
    "images": ("GANZOO_CACHE", "images"),
    "references": ("GANZOO_CACHE", ""),
}
"""Name of a cache -> the environment variable by which a user chooses its folder, and the folder below that."""


def cache_folder(name: str) -> Path | None:
    """Return the folder of the cache "data", "images" or "references"; None if there is no home directory.

    It is the one that the user chose, else $XDG_CACHE_HOME/ganzoo/NAME, else ~/.cache/ganzoo/NAME.
    """
    variable, below = _CHOSEN_FOLDERS[name]
    if chosen := os.environ.get(variable):
        return Path(chosen).expanduser() / below
    if cache := os.environ.get("XDG_CACHE_HOME"):
        return Path(cache) / "ganzoo" / name
    try:
        return Path.home() / ".cache" / "ganzoo" / name
    except RuntimeError:
        return None


_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@contextmanager
def open_regular(path: Path, most: int | None = None) -> Iterator[BinaryIO]:
    """Open a regular file to read; never wait for a pipe, a device or a file without end.

    `most` is the largest size in bytes that is read. Raises OSError, in words, for anything else.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe opens without its writer
    try:
        found = os.fstat(descriptor)
        if kind := _KINDS.get(stat.S_IFMT(found.st_mode)):
            raise OSError(errno.EINVAL, f"it is {kind}, not a file", str(path))
        if most is not None and found.st_size > most:
            raise OSError(errno.EFBIG, f"it has {found.st_size:,} bytes, more than {most:,}", str(path))
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            yield file
    finally:
        os.close(descriptor)


def read_regular(path: Path, most: int) -> bytes:
    """Return the content of a regular file of at most `most` bytes. Raises OSError, in words, for anything else."""
    with open_regular(path, most) as file:
        data = file.read(most + 1)
    if len(data) > most:  # it grew, or its size is unknown, as in /proc
        raise OSError(errno.EFBIG, f"it has more than {most:,} bytes", str(path))
    return data


MOST_TEXT = 1 << 30  # bytes; the log of ten million records


def read_text(path: Path, most: int = MOST_TEXT) -> str:
    """Return the text of a regular file of at most `most` bytes, as UTF-8 with or without a byte order mark.

    Raises OSError; UnicodeError, in words, for another encoding.
    """
    data = read_regular(path, most)
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UnicodeError("it is saved as UTF-16; save it as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnicodeError(f"byte {error.start} is not UTF-8; save it as UTF-8") from None


def append(path: Path, record: Mapping[str, Any]) -> None:
    """Append one record to a file, as a line of JSON."""
    line = json.dumps(record, allow_nan=False) + "\n"
    with path.open("a", encoding="utf-8") as file:
        file.write(line)


def read_records(path: Path) -> list[dict[str, Any]]:
    """Return the records in order, without a last line that a killed process wrote in part."""
    if not path.is_file():
        return []
    records = []
    for line in read_text(path).splitlines():
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError:
            break  # only the last line can be incomplete: each is one write
    return records


def read_last_record(path: Path) -> dict[str, Any]:
    """Return the last complete record without reading those before it; {} if there is none."""
    if not path.is_file():
        return {}
    tail = 1 << 16  # bytes; a record has less than a thousand
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - tail))
        lines = file.read().splitlines()
    for line in reversed(lines):
        with suppress(ValueError):  # incomplete after a kill, or cut by `tail`
            record: dict[str, Any] = json.loads(line)
            return record
    return {}
