"""Images in an archive, checked first and then read in memory: what zip and tar have in common, and zip."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile, ZipFile, ZipInfo

from ganzoo.data.decoding import MAX_BYTES, UnreadableImageError, naming_the_reason
from ganzoo.data.folder import require_regular, suggest_reader
from ganzoo.data.listing import ImageFile, Listing, abridge, clean, list_files, printable
from ganzoo.errors import DataError

MAX_RATIO = 200  # deflate reaches 1000 on zeros; images are compressed already
FREE_BYTES = 2**26  # bytes to which an archive may expand at any ratio
LONGEST_END = 22 + 2**16  # bytes of the record at the end, with the longest comment
UTF8_NAME = 0x800  # flag of an entry whose name is in UTF-8


class Entry(NamedTuple):
    """One file or folder of an archive."""

    name: str
    is_folder: bool
    read: Callable[[], bytes]


@contextmanager
def open_archive(path: Path) -> Iterator[Listing]:
    """List the images of a zip archive, which stays open within the context; it is reopened for images read later.

    Raises DataError if it is missing, damaged, encrypted, expands too far, or has an entry that points
    outside or is a link.
    """
    try:
        require_regular(path)
        archive = ZipFile(path)
        require_all_entries(archive)
    except (OSError, ValueError, BadZipFile, NotImplementedError) as error:
        raise unopened(path, "zip", error) from error
    with archive:
        for entry in archive.infolist():
            require_harmless(entry, path)
        files = [entry for entry in archive.infolist() if not is_folder(entry)]
        require_bounded(sum(entry.file_size for entry in files), path)
        handle = Handle(path, archive)
        entries = [Entry(decode_name(e), is_folder(e), partial(_read, handle, e)) for e in archive.infolist()]
        yield list_entries(entries, path)


def require_all_entries(archive: ZipFile) -> None:
    """Raise BadZipFile unless an archive lists as many entries as its end says, which zipfile does not compare."""
    assert archive.fp is not None  # open
    length = archive.fp.seek(0, os.SEEK_END)
    archive.fp.seek(max(0, length - LONGEST_END))
    tail = archive.fp.read()
    told = int.from_bytes(tail[(end := tail.rfind(b"PK\5\6")) + 10 : end + 12], "little")
    found = len(archive.infolist())
    if told not in (found % 2**16, 2**16 - 1):  # the latter: more than this field holds
        raise BadZipFile(f"it lists {found:,} entries of {told:,}")


def unopened(path: Path, kind: str, error: Exception) -> DataError:
    """Return the error about a file that is no archive of this kind."""
    hint = suggest_reader(path, kind, "--dataset zip:FILE, or --dataset tar:FILE, or --dataset folder:PATH")
    what = f"cannot open {printable(str(path))} as a {kind} archive"
    reason = str(getattr(error, "strerror", None) or error)
    return DataError(what, where=printable(reason), hint=hint)


class Handle:
    """An archive that each process opens for itself, since processes that share an open file share its position."""

    def __init__(self, path: Path, archive: ZipFile) -> None:
        self.path, self._archive, self._process = path, archive, os.getpid()

    def read(self, entry: ZipInfo) -> bytes:
        """Return the expanded content of an entry. Raises OSError, or anything else if the archive is damaged."""
        if self._process != os.getpid() or self._archive.fp is None:  # closed
            self._archive, self._process = ZipFile(self.path), os.getpid()
        return self._archive.read(entry)


def require_harmless(entry: ZipInfo, path: Path) -> None:
    """Raise DataError for a link or an encrypted entry."""
    name, where = printable(entry.filename), printable(str(path))
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise DataError(f"archive entry is a link: {name}", where=where, hint="zip the files themselves and no links")
    if entry.flag_bits & 1:
        raise DataError(
            f"archive entry is encrypted: {name}", where=where, hint="--dataset folder:PATH (after unpacking it)"
        )


def require_bounded(expanded: int, path: Path) -> None:
    """Raise DataError if an archive expands beyond MAX_RATIO times its own size."""
    limit = MAX_RATIO * path.stat().st_size + FREE_BYTES
    if expanded > limit:
        what = f"{path.name} expands to {expanded / 2**20:,.0f} MiB (> {limit / 2**20:,.0f} MiB)"
        raise DataError(
            what, where=printable(str(path)), hint="--dataset folder:PATH (after unpacking it, if you trust it)"
        )


def clean_entry(name: str, path: Path) -> str:
    """Return the clean name of an entry. Raises DataError if it leads out of the archive."""
    try:
        return clean(name)
    except ValueError as error:
        what = f"archive entry escapes target: {printable(name)}"
        raise DataError(what, where=printable(str(path)), hint="an archive you trust") from error


def keep_last(entries: Iterable[Entry]) -> tuple[dict[str, Entry], list[str]]:
    """Return the last entry of each name, as unpacking would leave it, and a note about names that are repeated."""
    kept: dict[str, Entry] = {}
    repeated: dict[str, None] = {}
    for entry in entries:
        if entry.name in kept:
            repeated[entry.name] = None
        kept[entry.name] = entry
    return kept, [f"entries that are repeated, of which the last counts: {abridge([*repeated])}"] if repeated else []


def list_parents(names: Iterable[str]) -> set[str]:
    """{"a/b/c.png"} -> {"a", "a/b"}, the folders that files lie in."""
    parents: set[str] = set()
    for name in names:
        while (name := name.rpartition("/")[0]) and name not in parents:
            parents.add(name)
    return parents


def list_entries(entries: Iterable[Entry], path: Path) -> Listing:
    """List the images of an archive that was checked. Raises DataError for a name that leads out of it."""
    named = [entry._replace(name=clean_entry(entry.name, path)) for entry in entries]
    files, notes = keep_last(entry for entry in named if not entry.is_folder)
    folders = {entry.name for entry in named if entry.is_folder and entry.name} | list_parents(files)
    return list_files([ImageFile(name, entry.read) for name, entry in files.items()], folders, notes)


def is_folder(entry: ZipInfo) -> bool:
    """Return True for a folder, whichever separator its name ends with."""
    return entry.filename.endswith(("/", "\\"))


def decode_name(entry: ZipInfo) -> str:
    """Return the name of an entry: in UTF-8 if its bytes are, as many tools write it without saying so, else cp437."""
    if entry.flag_bits & UTF8_NAME:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return entry.filename


@naming_the_reason()
def _read(archive: Handle, entry: ZipInfo) -> bytes:
    if entry.file_size > MAX_BYTES:
        raise UnreadableImageError(f"file too large, {entry.file_size:,} bytes")
    return archive.read(entry)
