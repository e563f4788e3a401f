"""Sample grids of all runs as small pictures that a page can hold: one card per row, and remarks about them."""

from __future__ import annotations

import base64
import errno
import io
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from PIL import Image

from ganzoo.results.comparison import Row
from ganzoo.results.read import Result
from ganzoo.results.report.columns import label_row

MOST_TIMES = 8
"""Most pictures of one run."""
FEWEST_TIMES = 4
"""Pictures of one run where there are many runs: four that one can see are better than eight blurs."""
RUNS = 24
"""Most runs of which each has MOST_TIMES pictures."""
BUDGET = 3_400_000
"""Bytes for the pictures of all runs. As base64, 4.5 MB: beside plotly.js (2 MB) and the curves that leaves a report
of 24 runs below 8 MB."""
LARGEST = 240_000
"""Most bytes of one picture, however few there are."""
WIDEST = 1100
"""Most pixels in width: sample grids have 600 to 1,000, and their words are to be read."""
MOST_BYTES = 1 << 28
"""Most bytes of a file that is read."""
MOST_PIXELS = 1 << 26
"""Most pixels of a file that is decoded, one of over MANY_PIXELS at a time: 64 images of 1024 x 1024."""
MANY_PIXELS = 1 << 23
_large = Lock()
_ENCODINGS = (None, (1, 85), (1, 70), (1, 50), (1, 30), (2, 80), (2, 60), (2, 30))
"""WebP without loss, or (divisor of the size, quality); each makes smaller files than the one before. A grid of
8 x 10 noise images of 32 x 32 pixels, the worst case, takes 91 kB without loss, 55 kB at quality 80, 11 kB at half its
size."""


@dataclass(frozen=True)
class Picture:
    """One sample grid, ready to be embedded."""

    step: int
    share: float
    """Share of the training's steps, in (0, 1]."""
    uri: str
    width: int
    """Pixels of the grid as it was drawn; the embedded picture may have fewer."""
    height: int
    reduced: bool
    """True if the embedded picture has fewer pixels than the file."""
    lossy: bool


@dataclass(frozen=True)
class Album:
    """Pictures of one run over its training."""

    name: str
    seed: int
    state: str
    steps: int
    """Steps that the run was asked to train."""
    pictures: tuple[Picture, ...]
    unreadable: tuple[str, ...]
    """Files that a killed process left incomplete."""


Albums = Mapping[str, Sequence[Album]]
"""Row id -> the albums of its runs."""


def make_cards(rows: Mapping[str, Row]) -> dict[str, Any]:
    """Return cards, seeds, positions of the slider and remarks, as plain values for the template."""
    albums = _read_albums(rows)
    filled = {key: [album for album in own if album.pictures] for key, own in albums.items()}
    shown = {key: own for key, own in filled.items() if own}
    seeds = sorted({album.seed for own in shown.values() for album in own})
    cards = [_make_card(key, label_row(rows[key]), own, seeds[0]) for key, own in shown.items()]
    times = max((len(album.pictures) for own in shown.values() for album in own), default=1)
    return {"cards": cards, "seeds": seeds, "times": times, "picture_remarks": list(_remark(rows, albums))}


def _read_albums(rows: Mapping[str, Row]) -> dict[str, list[Album]]:
    """Return the pictures of every run, small enough for a page that has all of them."""
    times, size = limits(sum(run.path is not None for row in rows.values() for run in row.results))
    with (
        huge_allowed(),
        ThreadPoolExecutor() as pool,
    ):  # encoding takes nearly all the time, without the GIL
        albums = {key: [pool.submit(read_album, run, times, size) for run in row.results] for key, row in rows.items()}
        return {key: [album.result() for album in own] for key, own in albums.items()}


def _make_card(key: str, label: str, albums: Sequence[Album], seed: int) -> dict[str, Any]:
    opened = next((album for album in albums if album.seed == seed), albums[0])
    pictures = [
        _describe_picture(picture, album, label, picture is opened.pictures[-1])
        for album in albums
        for picture in album.pictures
    ]
    return {"id": key, "label": label, "when": _when(opened.pictures[-1], opened), "pictures": pictures}


def _describe_picture(picture: Picture, album: Album, label: str, shown: bool) -> dict[str, Any]:
    about: dict[str, Any] = {
        "seed": album.seed,
        "share": f"{picture.share:.4f}",
        "when": _when(picture, album),
        "shown": shown,
    }
    alt = f"Samples of {label}, seed {album.seed}, at step {picture.step}"
    size = {"width": picture.width, "height": picture.height, "reduced": picture.reduced}
    return {**about, **size, "uri": picture.uri, "alt": alt}


def _when(picture: Picture, album: Album) -> str:
    ending = "" if album.state == "complete" else f", {album.state}"
    return f"seed {album.seed}, step {picture.step} of {album.steps}{ending}"


def _remark(rows: Mapping[str, Row], albums: Albums) -> Iterator[str]:
    """Say which rows have no pictures, which files could not be read, and what the pictures lost."""
    without = [label_row(rows[key]) for key, own in albums.items() if not any(album.pictures for album in own)]
    if without:
        yield f"Without pictures: {'; '.join(without)}."
    unreadable = [f"{album.name}/{file}" for own in albums.values() for album in own for file in album.unreadable]
    if unreadable:
        yield f"Left out, for they cannot be read: {', '.join(unreadable)}."
    pictures = [picture for own in albums.values() for album in own for picture in album.pictures]
    if any(picture.reduced for picture in pictures):
        yield "To keep this file small, some pictures have fewer pixels than the PNG files of their runs."
    if any(picture.lossy for picture in pictures):
        yield "To keep this file small, pictures are compressed with loss; the PNG files of the runs are exact."


def limits(runs: int) -> tuple[int, int]:
    """Return how many pictures a run may have, and how many bytes each."""
    times = max(FEWEST_TIMES, min(MOST_TIMES, MOST_TIMES * RUNS // max(1, runs)))
    return times, min(LARGEST, BUDGET // max(1, runs * times))


def read_album(result: Result, times: int, size: int) -> Album:
    """Return at most `times` pictures of a run, evenly over its training, of at most about `size` bytes each."""
    files = dict(_find_grids(result.path)) if result.path else {}
    total = _read_total(result, files)
    pictures: list[Picture] = []
    unreadable, level = [], 0
    for step in _spread(sorted(files), total, times):
        try:
            picture, level = embed_picture(files[step], step, min(1.0, step / total), size, level)
        except (OSError, SyntaxError, Image.DecompressionBombError) as error:  # SyntaxError: a PNG's broken chunk
            unreadable.append(files[step].name + explain_size(error))
            continue
        if not pictures or picture.uri != pictures[-1].uri:
            pictures.append(picture)
    return Album(result.name, result.seed, result.state, total, tuple(pictures), tuple(unreadable))


def _read_total(result: Result, files: Mapping[int, Path]) -> int:
    """Return the steps that a run was asked for, or the last step drawn if it was made longer since."""
    steps: int = result.settings.get("train.steps", 0)
    return max(1, steps, *files)


def _find_grids(path: Path) -> Iterator[tuple[int, Path]]:
    for file in (path / "samples").glob("step-*.png"):
        if found := re.fullmatch(r"step-(\d+)\.png", file.name):
            yield int(found[1]), file


def _spread(steps: list[int], total: int, times: int) -> list[int]:
    """Return the steps nearest to `times` even shares of `total`, always with the last step."""
    if not steps:
        return []
    nearest = {min(steps, key=lambda step: abs(step - total * i / times)) for i in range(1, times + 1)}
    return sorted(nearest | {steps[-1]})[-times:]


def embed_picture(path: Path, step: int, share: float, size: int, level: int) -> tuple[Picture, int]:
    """Return a picture of at most about `size` bytes, and the index of its encoding.

    The search begins at `level`, that of the picture before, so that the quality of a series does not flicker.

    Raises OSError or SyntaxError if the file is not a complete picture, or has more bytes or pixels than are read.
    """
    image, width, height = _read_reduced(path)
    while len(data := _encode(image, _ENCODINGS[level])) > size and level < len(_ENCODINGS) - 1:
        level += 1
    encoding = _ENCODINGS[level]
    uri = "data:image/webp;base64," + base64.b64encode(data).decode("ascii")
    reduced = image.width < width or (encoding is not None and encoding[0] > 1)
    return Picture(step, share, uri, width, height, reduced=reduced, lossy=encoding is not None), level


@contextmanager
def huge_allowed() -> Iterator[None]:
    """Let Pillow open a file of many pixels without a warning of its own: only its size is read then."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        yield


def explain_size(error: Exception) -> str:
    """Return in brackets that a picture is too large; empty for any other reason why it cannot be read."""
    if isinstance(error, Image.DecompressionBombError):
        return " (it has too many pixels)"
    return f" ({error.strerror})" if isinstance(error, OSError) and error.errno == errno.EFBIG else ""


def _read_reduced(path: Path) -> tuple[Image.Image, int, int]:
    """Return a picture of at most WIDEST pixels in width, and the width and height of its file."""
    if not path.is_file():
        raise OSError(errno.EINVAL, "it is no file", str(path))  # a pipe would be waited for
    if (size := path.stat().st_size) > MOST_BYTES:
        raise OSError(errno.EFBIG, f"it has {size:,} bytes, more than {MOST_BYTES:,}", str(path))
    with Image.open(path) as file:
        width, height = file.size
        if width * height > MOST_PIXELS:
            raise OSError(errno.EFBIG, f"it has {width:,} x {height:,} pixels", str(path))
        with _large if width * height > MANY_PIXELS else nullcontext():
            image = file if file.mode == "RGB" else file.convert("RGB")
            image.thumbnail((WIDEST, 4 * WIDEST))
            return image.copy(), width, height


def _encode(image: Image.Image, encoding: tuple[int, int] | None) -> bytes:
    stream = io.BytesIO()
    if encoding is None:
        image.save(stream, "WEBP", lossless=True)
    else:
        divisor, quality = encoding
        smaller = image.resize((max(1, image.width // divisor), max(1, image.height // divisor)))
        smaller.save(stream, "WEBP", quality=quality)
    return stream.getvalue()
