"""Files that are written whole or not at all, and logs of JSON lines. No torch here."""

from __future__ import annotations

import codecs
import errno
import json
import os
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO


def write_atomically(path: Path, data: bytes) -> None:
    """Replace the content of a file in one step, so that a kill leaves the old or the new one.

    Raises OSError, also where a pipe or a device has the name, which a file would replace.
    """
    if (kind := _kind(path)) not in ("", "a folder"):  # a folder is refused by the rename
        raise OSError(errno.EINVAL, f"it is {kind}, not a file", str(path))
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


def require_writable(folder: Path) -> None:
    """Raise OSError unless files can be made in this folder, which is made if it is absent."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass


def write_output(path: Path, data: bytes) -> None:
    """Write a file that a user named: into a pipe or a device, else in one step, and behind a link. Raises OSError."""
    if _kind(path) in ("", "a folder"):
        write_atomically(path.resolve(), data)
    else:
        with path.open("wb") as file:
            file.write(data)


def _kind(path: Path) -> str:
    """Return what a path is that is no file, such as "a pipe"; "" for a file, or for nothing."""
    try:
        return _KINDS.get(stat.S_IFMT(path.stat().st_mode), "")
    except OSError:
        return ""


_CHOSEN_FOLDERS = {
    "data": ("GANZOO_DATA", ""),
    "images": ("GANZOO_CACHE", "images"),
    "references": ("GANZOO_CACHE", ""),
    "plugins": ("GANZOO_CACHE", "plugins"),
}
"""Name of a cache -> the environment variable by which a user chooses its folder, and the folder below that."""


def cache_folder(name: str) -> Path | None:
    """Return the folder of the cache "data", "images", "references" or "plugins"; None if there is no home directory.

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
        size = os.fstat(file.fileno()).st_size
        data = file.read(size + 1)  # as much memory as the file needs, and not `most`
        if len(data) > size:  # it grew, or its size is unknown, as in /proc
            data += file.read(most + 1 - len(data))
    if len(data) > most:
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


MOST_JSON = 1 << 27  # bytes; the scores of 50,000 classes
DEEPEST = 100
"""Most levels of a JSON file; those that ganzoo writes have six or so."""


def read_json(path: Path, most: int = MOST_JSON) -> Any:
    """Return the value in a JSON file: a regular one, of at most `most` bytes.

    Raises OSError; ValueError, in words, for a file that holds something else than JSON.
    """
    data = read_regular(path, most)
    if not data.strip(b"\0 \t\r\n"):
        raise ValueError("it is empty" if not data else f"it holds {len(data):,} bytes of nothing")
    return parse_json(data)


def parse_json(data: bytes) -> Any:
    """Return a JSON value. Raises ValueError, in words, for other bytes, nan, infinity, or too many levels."""
    try:
        value = _JSON.decode(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start} is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON: {error}") from None
    except RecursionError:
        raise ValueError("it has too many levels") from None
    level, depth = [value], 0
    while level := [child for node in level if isinstance(node, dict | list) for child in _children(node)]:
        depth += 1
        if depth > DEEPEST:
            raise ValueError("it has too many levels")
    return value


def _children(node: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return node.values() if isinstance(node, dict) else node


def _refuse_constant(name: str) -> float:
    raise ValueError(f"it holds {name}, which is no number of JSON")


_JSON = json.JSONDecoder(parse_constant=_refuse_constant)


def append(path: Path, record: Mapping[str, Any]) -> None:
    """Append one record to a file, as a line of JSON."""
    line = json.dumps(record, allow_nan=False) + "\n"
    with path.open("a", encoding="utf-8") as file:
        file.write(line)


@dataclass(frozen=True)
class DamagedLine:
    """A line of a file of records that holds no record."""

    number: int
    """Number of the line, from 1."""
    why: str
    data: bytes


@dataclass(frozen=True)
class Lines:
    """The records of a file in order, and the lines that hold none."""

    records: list[dict[str, Any]]
    damaged: list[DamagedLine]


def _no_check(record: Any) -> None:
    """Take any JSON object."""
    if not isinstance(record, dict):
        raise ValueError("it holds no object")


def read_lines(path: Path, check: Callable[[Any], object] = _no_check) -> Lines:
    """Return the records of a file, without a last line that a killed process wrote in part.

    `check` raises ValueError for a value that is not such a record. A file that does not exist has no lines. Raises
    OSError.
    """
    try:
        *whole, last = read_regular(path, MOST_TEXT).split(b"\n")
    except FileNotFoundError:
        return Lines([], [])
    found = Lines([], [])
    for number, data in enumerate([*whole, last], 1):
        try:
            if data.strip():
                record = parse_json(data)
                check(record)
                found.records.append(record)
        except ValueError as error:
            if number <= len(whole) or not data.startswith(b"{"):  # each record is one write, which a kill cuts short
                found.damaged.append(DamagedLine(number, str(error), data))
    return found


def set_aside(path: Path, damaged: Sequence[DamagedLine]) -> None:
    """Append damaged lines of a file that is about to be rewritten to NAME.damaged beside it. Raises OSError."""
    if damaged:
        with damaged_name(path).open("ab") as file:
            file.writelines(line.data + b"\n" for line in damaged)


def damaged_name(path: Path) -> Path:
    """Return where what is damaged of a file is kept: NAME.damaged."""
    return path.with_name(f"{path.name}.damaged")


def write_lines(path: Path, records: Iterable[Mapping[str, Any]]) -> None:
    """Write a file of records, whole or not at all. Raises OSError."""
    write_atomically(path, "".join(json.dumps(record, allow_nan=False) + "\n" for record in records).encode())


def read_records(path: Path) -> list[dict[str, Any]]:
    """Return the records of a file in order, without lines that hold none."""
    return read_lines(path).records


def read_last_record(path: Path, check: Callable[[Any], object] = _no_check) -> dict[str, Any]:
    """Return the last record of a file without reading those before it; {} if there is none. Raises OSError."""
    tail = 1 << 16  # bytes; a record has less than a thousand
    try:
        with open_regular(path) as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - tail))
            lines = file.read(tail).splitlines()
    except FileNotFoundError:
        return {}
    for line in reversed(lines):
        with suppress(ValueError):  # incomplete after a kill, or cut by `tail`
            record: dict[str, Any] = parse_json(line)
            check(record)
            return record
    return {}
