"""Sample grids of runs as small pictures that a page can hold in itself."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from ganzoo.results.read import Result
from ganzoo.runs.folder import RunFolder

TIMES = 8
"""At most so many pictures of one run."""
FEWEST = 4
"""As few where there are many runs: better four that one can see than eight blurs."""
RUNS = 24
"""Up to so many runs have all their pictures."""
BUDGET = 3_400_000
"""Bytes for the pictures of all runs. As base64, 4.5 MB: beside plotly.js (2 MB) and the curves that leaves a report
of 24 runs below 8 MB."""
LARGEST = 60_000
"""Bytes of one picture, however few there are."""
WIDEST = 720
"""Pixels: twice the width at which a card shows it."""
_LADDER = (None, (1, 85), (1, 70), (1, 50), (1, 30), (2, 80), (2, 60), (2, 30))
"""Without loss, or (divisor of the size, WebP quality); each about smaller than the one before. A grid of 8 x 10 noise
images of 32 x 32 pixels, the worst case, takes 91 kB without loss, 55 kB at quality 80, 11 kB at half its size."""


@dataclass(frozen=True)
class Picture:
    """One sample grid, ready to be embedded."""

    step: int
    share: float
    """Of the training that was asked for, in (0, 1]."""
    uri: str
    width: int
    """Pixels of the grid as it was drawn; what is embedded may have fewer."""
    height: int
    reduced: bool
    """Has fewer pixels than its file."""
    lossy: bool


@dataclass(frozen=True)
class Album:
    """Pictures of one run over its training."""

    name: str
    seed: int
    state: str
    steps: int
    """That were asked for."""
    pictures: tuple[Picture, ...]
    unreadable: tuple[str, ...]
    """Files that a killed process left torn."""


def limits(runs: int) -> tuple[int, int]:
    """Return how many pictures a run may have, and how many bytes each."""
    times = max(FEWEST, min(TIMES, TIMES * RUNS // max(1, runs)))
    return times, min(LARGEST, BUDGET // max(1, runs * times))


def read_album(result: Result, times: int, size: int) -> Album:
    """Return at most `times` pictures of a run, evenly over its training, of at most about `size` bytes each."""
    files = dict(_find_grids(result.path)) if result.path else {}
    total = _read_total(result.path, files) if result.path else 0
    pictures: list[Picture] = []
    unreadable, rung = [], 0
    for step in _spread(sorted(files), total, times):
        try:
            picture, rung = embed_picture(files[step], step, min(1.0, step / total), size, rung)
        except (OSError, SyntaxError):  # Pillow: SyntaxError for a PNG with a broken chunk
            unreadable.append(files[step].name)
            continue
        if not pictures or picture.uri != pictures[-1].uri:
            pictures.append(picture)
    return Album(result.name, result.seed, result.state, total, tuple(pictures), tuple(unreadable))


def _read_total(path: Path, files: Mapping[int, Path]) -> int:
    """Return the steps that were asked for; of a run that was killed before it could say so, those it made."""
    status = RunFolder(path).read_json(RunFolder(path).status)
    return max(1, status.get("steps", 0) or max(files, default=1))


def _find_grids(path: Path) -> Iterator[tuple[int, Path]]:
    for file in (path / "samples").glob("step-*.png"):
        if found := re.fullmatch(r"step-(\d+)\.png", file.name):
            yield int(found[1]), file


def _spread(steps: list[int], total: int, times: int) -> list[int]:
    """Return the steps nearest to `times` even shares of `total`, the last one always."""
    if not steps:
        return []
    nearest = {min(steps, key=lambda step: abs(step - total * i / times)) for i in range(1, times + 1)}
    return sorted(nearest | {steps[-1]})[-times:]


def embed_picture(path: Path, step: int, share: float, size: int, rung: int) -> tuple[Picture, int]:
    """Return a picture and its rung, which is not above the one before: quality shall not flicker with time.

    Raises OSError or SyntaxError for a file that is no whole picture.
    """
    with Image.open(path) as file:
        image = file.convert("RGB")
    width, height = image.size
    image.thumbnail((WIDEST, 4 * WIDEST))
    while len(data := _encode(image, _LADDER[rung])) > size and rung < len(_LADDER) - 1:
        rung += 1
    way = _LADDER[rung]
    uri = "data:image/webp;base64," + base64.b64encode(data).decode("ascii")
    reduced = image.width < width or (way is not None and way[0] > 1)
    return Picture(step, share, uri, width, height, reduced=reduced, lossy=way is not None), rung


def _encode(image: Image.Image, way: tuple[int, int] | None) -> bytes:
    stream = io.BytesIO()
    if way is None:
        image.save(stream, "WEBP", lossless=True)
    else:
        divisor, quality = way
        smaller = image.resize((max(1, image.width // divisor), max(1, image.height // divisor)))
        smaller.save(stream, "WEBP", quality=quality)
    return stream.getvalue()
