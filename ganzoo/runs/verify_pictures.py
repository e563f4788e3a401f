"""Decode every picture of a run, and say which are whole."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

from ganzoo.files import open_regular
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.verdicts import Verdict, list_folder

MOST_BYTES = 1 << 28
"""Most bytes of a picture; a sample grid has less than a million."""


def verify(folder: RunFolder) -> Iterator[Verdict]:
    """Yield a verdict on every picture of the samples and of the diagnosis."""
    for place in (folder.samples, folder.figures):
        entries, faults = list_folder(place, folder.path, follow_links=folder.follow_links)
        yield from faults
        for path in entries:
            if path.suffix == ".png":
                fault = find_fault(path)
                name = path.relative_to(folder.path).as_posix()
                yield Verdict(name, "damaged" if fault else "whole", fault)


def find_fault(path: Path) -> str:
    """Return why a picture cannot be decoded; "" if it can be."""
    from PIL import Image, UnidentifiedImageError

    try:
        with open_regular(path, MOST_BYTES) as file, warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            Image.open(file, formats=["PNG"]).verify()  # the CRC of every chunk
            file.seek(0)
            Image.open(file, formats=["PNG"]).load()
    except UnidentifiedImageError:
        return "is no PNG"
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        return "has too many pixels"
    except Exception as error:  # on damaged bytes Pillow raises almost anything
        return (error.strerror if isinstance(error, OSError) else "") or str(error).partition("\n")[0]
    return ""
