"""Files of torch.save, before torch reads them."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZipFile


def require_stored(data: bytes) -> None:
    """Raise ValueError if a zip file, as torch.save writes it, expands beyond its size: torch compresses nothing.

    Raises what zipfile raises, which is almost anything, if the bytes are damaged.
    """
    with ZipFile(BytesIO(data)) as archive:
        expanded = sum(entry.file_size for entry in archive.infolist())
    if expanded > len(data):
        raise ValueError(f"its {len(data):,} bytes expand to {expanded:,}")
