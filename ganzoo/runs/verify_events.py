"""Read the event files of TensorBoard, record by record, and compare each with its checksums.

A record is a length in 8 bytes, its CRC, the data, and their CRC: the format TFRecord, with masked CRC-32C.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ganzoo.files import open_regular
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.hparams import HPARAMS
from ganzoo.runs.verdicts import Verdict, list_folder

MOST_BYTES = 1 << 36
_HEADER = struct.Struct("<QI")
_FOOTER = struct.Struct("<I")
_MOST_RECORD = 1 << 30
"""Most bytes of a record; one with a picture has less than a million."""


class Record(NamedTuple):
    """One record of an event file, or the rest of the file from where no record can be read."""

    data: bytes
    """All of it, with length and checksums."""
    fault: str = ""
    is_last: bool = False
    """True if nothing after it can be found."""


def verify(folder: RunFolder) -> Iterator[Verdict]:
    """Yield a verdict on every event file."""
    for place in (folder.tensorboard, folder.tensorboard / HPARAMS):
        entries, faults = list_folder(place, folder.path, follow_links=folder.follow_links)
        yield from faults
        for path in entries:
            if "tfevents" in path.name:
                yield judge(path, folder)


def judge(path: Path, folder: RunFolder) -> Verdict:
    """Return a verdict on one event file; a record that a kill cut short is worth a remark only."""
    name = path.relative_to(folder.path).as_posix()
    count = 0
    try:
        for record in read(path):
            if record.fault == CUT_SHORT:
                return Verdict(name, "remark", f"{CUT_SHORT} by a kill; TensorBoard shows those before it")
            if record.fault:
                return Verdict(name, "damaged", f"record {count + 1}: {record.fault}")
            count += 1
    except OSError as error:
        return Verdict(name, "damaged", error.strerror or str(error))
    return Verdict(name, "whole", f"{count:,} records")


CUT_SHORT = "its last record is cut short"


def read(path: Path) -> Iterator[Record]:
    """Yield the records of an event file. Raises OSError."""
    with open_regular(path, MOST_BYTES) as file:
        while header := file.read(_HEADER.size):
            record = _read_record(header, file)
            yield record
            if record.is_last:
                return


def _read_record(header: bytes, file: BinaryIO) -> Record:
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

    if len(header) < _HEADER.size:
        return Record(header, CUT_SHORT, is_last=True)
    length, checksum = _HEADER.unpack(header)
    if masked_crc32c(header[:8]) != checksum or length > _MOST_RECORD:
        return Record(header, "its length differs from its CRC, so that nothing after it can be read", is_last=True)
    rest = file.read(length + _FOOTER.size)
    if len(rest) < length + _FOOTER.size:
        return Record(header + rest, CUT_SHORT, is_last=True)
    if masked_crc32c(rest[:length]) != _FOOTER.unpack(rest[length:])[0]:
        return Record(header + rest, "it differs from its CRC")
    return Record(header + rest)
