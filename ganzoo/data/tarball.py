"""Images in a tar archive, checked first and then read in memory, at their place in the file."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import tarfile
import tempfile
import weakref
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from ganzoo.data.archive import Entry, list_entries, require_bounded, unopened
from ganzoo.data.decoding import MAX_BYTES, UnreadableImageError, naming_the_reason
from ganzoo.data.folder import require_regular
from ganzoo.data.listing import Listing, printable
from ganzoo.errors import DataError, ResourceError

COMPRESSIONS: dict[bytes, Callable[[Path], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ": lzma.open,
}
"""First bytes of a compressed file, and the function that opens it."""
COPIED = 2**20  # bytes expanded at once


@contextmanager
def open_tar(path: Path) -> Iterator[Listing]:
    """List the images of a tar archive. Raises what `open_members` raises."""
    shared, members = open_members(path)
    yield list_entries([Entry(m.name, m.isdir(), partial(read_member, shared, m)) for m in members], path)


def open_members(path: Path) -> tuple[SharedFile, list[tarfile.TarInfo]]:
    """Open a tar archive. One that is compressed is expanded once, to a temporary file without a name.

    Raises DataError if it is missing or damaged, expands too far, or has an entry that is neither a file nor a folder;
    ResourceError if the disk has no room to expand it.
    """
    try:
        shared = SharedFile(_open_plain(path))
        with tarfile.open(fileobj=shared.file, mode="r:") as archive:
            members = archive.getmembers()
            _require_end(shared, archive.offset, len(members))
    except (OSError, EOFError, ValueError, tarfile.TarError, lzma.LZMAError, zlib.error) as error:
        raise unopened(path, "tar", error) from error
    for member in members:
        require_file(member, path)
    require_bounded(sum(member.size for member in members), path)
    return shared, members


def _require_end(file: SharedFile, offset: int, count: int) -> None:
    """Raise ReadError unless zeros follow the last entry: tarfile stops without a word where a header is damaged."""
    rest = file.read(offset, COPIED)
    if not rest or rest.strip(b"\0"):
        raise tarfile.ReadError(f"it is {'damaged' if rest else 'cut off'} behind its entry {count:,}")


class SharedFile:
    """An open file that threads and processes read at once; it is closed with the last reference to it."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        weakref.finalize(self, file.close)

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes at a place. The position of the file, which all share, does not matter."""
        return os.pread(self.file.fileno(), length, offset)


def _open_plain(path: Path) -> BinaryIO:
    """Open an archive; expand it first if it is compressed."""
    require_regular(path)
    file = path.open("rb")
    start = file.read(8)
    for magic, expand in COMPRESSIONS.items():
        if start.startswith(magic):
            with file, expand(path) as source:
                return _copy(source, path)
    file.seek(0)
    return file


def _copy(source: BinaryIO, path: Path) -> BinaryIO:
    """Return a temporary file with what a compressed archive expands to."""
    target = tempfile.TemporaryFile()  # noqa: SIM115  # stays open as long as images are read
    try:
        _expand(source, target, path)
    except BaseException:
        target.close()
        raise
    target.seek(0)
    return target


def _expand(source: BinaryIO, target: BinaryIO, path: Path) -> None:
    """Copy a compressed archive, as far as it may expand. Raises DataError beyond, ResourceError for a full disk."""
    copied = 0
    while block := source.read(COPIED):
        copied += len(block)
        require_bounded(copied, path)
        try:
            target.write(block)
            target.flush()
        except OSError as error:
            what = f"{printable(path.name)} cannot be expanded: {(error.strerror or str(error)).lower()}"
            raise ResourceError(what, where=tempfile.gettempdir(), hint="TMPDIR=DIR on another disk") from error


def require_file(member: tarfile.TarInfo, path: Path) -> None:
    """Raise DataError for an entry that is neither a folder nor a file with all its bytes."""
    name, where = printable(member.name), printable(str(path))
    if member.issym() or member.islnk():
        hint = "tar the files themselves and no links"
        raise DataError(f"archive entry is a link: {name}", where=where, hint=hint)
    if member.issparse() or not (member.isreg() or member.isdir()):
        what = f"archive entry is neither a file nor a folder: {name}"
        raise DataError(what, where=where, hint="tar whole files alone")


@naming_the_reason()
def read_member(file: SharedFile, member: tarfile.TarInfo) -> bytes:
    """Return the content of an entry. Raises UnreadableImageError if it is too large, or not whole."""
    if member.size > MAX_BYTES:
        raise UnreadableImageError(f"file too large, {member.size:,} bytes")
    data = file.read(member.offset_data, member.size)
    if len(data) < member.size:
        raise UnreadableImageError("truncated")
    return data
