"""Images in a zip archive, checked first and then read in memory; nothing is extracted to disk."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from zipfile import BadZipFile, ZipFile, ZipInfo

from ganzoo.data.decoding import MAX_BYTES, UnreadableImageError, naming_the_reason
from ganzoo.data.listing import ImageFile, Listing, is_hidden, printable, separate
from ganzoo.errors import DataError

MAX_RATIO = 200  # deflate reaches 1000 on zeros; images are compressed already
FREE_BYTES = 2**26  # bytes to which an archive may expand at any ratio


@contextmanager
def open_archive(path: Path) -> Iterator[Listing]:
    """List the images of an archive, which stays open within the context; it is reopened for images read later.

    Raises DataError if it is missing, damaged, encrypted, expands too far, or has an entry that points
    outside or is a link.
    """
    try:
        archive = ZipFile(path)
    except (OSError, ValueError, BadZipFile, NotImplementedError) as error:
        what = f"cannot open {printable(str(path))} as a zip archive"
        raise DataError(what, where=printable(str(error)), hint="--dataset zip:FILE, or folder:PATH") from error
    with archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        for entry in archive.infolist():
            require_harmless(entry, path)
        require_bounded(entries, path)
        yield list_entries(Handle(path, archive), entries)


class Handle:
    """An archive that each process opens for itself, since processes that share an open file share its position."""

    def __init__(self, path: Path, archive: ZipFile) -> None:
        self.path, self._archive, self._process = path, archive, os.getpid()
        self.names = archive.namelist()

    def read(self, entry: ZipInfo) -> bytes:
        """Return the expanded content of an entry. Raises OSError, or anything else if the archive is damaged."""
        if self._process != os.getpid() or self._archive.fp is None:  # closed
            self._archive, self._process = ZipFile(self.path), os.getpid()
        return self._archive.read(entry)


def require_harmless(entry: ZipInfo, path: Path) -> None:
    """Raise DataError for an entry with a name that leaves the archive, a link, or an encrypted one."""
    name, where = printable(entry.filename), printable(str(path))
    parts = entry.filename.replace("\\", "/").split("/")
    if ".." in parts or parts[0] == "" or ":" in parts[0]:
        raise DataError(f"archive entry escapes target: {name}", where=where, hint="an archive you trust")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise DataError(f"archive entry is a link: {name}", where=where, hint="zip without --symlinks")
    if entry.flag_bits & 1:
        raise DataError(f"archive entry is encrypted: {name}", where=where, hint="unpack it, --dataset folder:PATH")


def require_bounded(entries: list[ZipInfo], path: Path) -> None:
    """Raise DataError if the archive expands beyond MAX_RATIO times its own size."""
    expanded, limit = sum(entry.file_size for entry in entries), MAX_RATIO * path.stat().st_size + FREE_BYTES
    if expanded > limit:
        what = f"{path.name} expands to {expanded / 2**20:,.0f} MiB (> {limit / 2**20:,.0f} MiB)"
        raise DataError(what, where=printable(str(path)), hint="if you trust it: unpack it, --dataset folder:PATH")


def list_entries(archive: Handle, entries: list[ZipInfo]) -> Listing:
    """List images as `list_folder` does; folders around all class folders are left out of the names."""
    visible = {e.filename: e for e in entries if not any(map(is_hidden, e.filename.split("/")))}
    images, notes = separate(visible)
    prefix = _wrapping(images)
    files = [ImageFile(n.removeprefix(prefix), partial(_read, archive, visible[n])) for n in images]
    below = [n.removeprefix(prefix) for n in archive.names if n.startswith(prefix)]
    folders = {n.split("/")[0] for n in below if "/" in n and not is_hidden(n.split("/")[0])}
    return Listing(files, sorted(folders), notes)


def _wrapping(names: list[str]) -> str:
    """["data/c0/a.png", "data/c1/b.png"] -> "data/", the folders around all class folders."""
    prefix = ""
    while names and all(name.count("/") >= 2 for name in names) and len({n.split("/")[0] for n in names}) == 1:
        prefix += names[0].split("/")[0] + "/"
        names = [name.split("/", 1)[1] for name in names]
    return prefix


@naming_the_reason()
def _read(archive: Handle, entry: ZipInfo) -> bytes:
    if entry.file_size > MAX_BYTES:
        raise UnreadableImageError(f"file too large, {entry.file_size:,} bytes")
    return archive.read(entry)
