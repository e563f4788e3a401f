"""Arrays in an npz file: their headers, and their values if memory holds them. Pickles are never read."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from ganzoo.data.archive import require_all_entries
from ganzoo.errors import ResourceError
from ganzoo.machine.limits import available_bytes


class Header(NamedTuple):
    """Header of one entry of an npz file."""

    shape: tuple[int, ...]
    """() for what is no array."""
    bytes: int
    """Room that its values take in memory."""


@contextmanager
def open_npz(file: BinaryIO) -> Iterator[NpzFile]:
    """Open an npz file. Raises whatever the readers of zip and npy raise on damaged bytes, which is almost anything."""
    with NpzFile(file, own_fid=False, allow_pickle=False) as archive:
        assert archive.zip is not None  # open
        require_all_entries(archive.zip)
        yield archive


def read_headers(archive: NpzFile) -> dict[str, Header]:
    """Return the header of each entry by its name. Raises ValueError for an array that is cut off; see `open_npz`."""
    assert archive.zip is not None  # open
    headers: dict[str, Header] = {}
    for entry in archive.zip.infolist():
        name = entry.filename.removesuffix(".npy")
        headers[name] = Header((), entry.file_size)
        if name != entry.filename:
            headers[name] = _read_header(archive.zip, entry)
    return headers


def _read_header(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Header:
    with archive.open(entry) as member:
        version = np.lib.format.read_magic(member)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(member)
        told, there = math.prod(shape) * dtype.itemsize, entry.file_size - member.tell()
    if min(shape, default=0) < 0 or (told > there and not dtype.hasobject):
        raise ValueError(f"{entry.filename} is cut off: {there:,} bytes of {told:,}")
    return Header(shape, told)


def require_room(needed: int, name: str, hint: str, *, share: int = 1) -> None:
    """Raise ResourceError if arrays of these bytes fill more than 1 / share of the free memory."""
    if needed > (allowed := available_bytes() // share):
        where = f"{'half of ' if share == 2 else ''}the free memory: {allowed / 2**30:.1f} GiB"
        raise ResourceError(f"{name} holds {needed / 2**30:.1f} GiB of arrays", where=where, hint=hint)


def load_all(file: BinaryIO, name: str, hint: str) -> dict[str, NDArray[Any]]:
    """Return all arrays by their names.

    Raises ResourceError, with this hint, if memory does not hold them; else see `open_npz`.
    """
    with open_npz(file) as archive:
        require_room(sum(header.bytes for header in read_headers(archive).values()), name, hint)
        try:
            return {key: np.asarray(archive[key]) for key in archive.files}
        except MemoryError as error:
            raise ResourceError(f"not enough memory to read {name}", hint=hint) from error
