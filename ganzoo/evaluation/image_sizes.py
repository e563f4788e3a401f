"""A set of images of one square size, and the errors about other sizes."""

from __future__ import annotations

import shlex
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from ganzoo.data.decoding import LARGEST, SMALLEST
from ganzoo.data.listing import abridge, printable
from ganzoo.errors import EvaluationError

WANTED = "ganzoo evaluate FOLDER (or a ZIP, TAR or NPZ of images)"
Sizes = Counter[tuple[int, int]]
"""Number of images of each (width, height)."""


class ImageSet(NamedTuple):
    """The images to be scored."""

    x: Tensor
    """uint8 (M, C, S, S), M > 0, C = 1 if all are grey; or numbers, float32 (M, *shape)."""
    notes: tuple[str, ...]
    """Notes on the folders they were in, and on what was left out, converted or resized."""
    y: Tensor | None = None
    """int64 (M,): the number of the folder that each image is in; None where there are no folders."""
    class_names: tuple[str, ...] = ()
    """Names of the folders."""


def own_size(sizes: Sizes, path: Path) -> int:
    """Return the side of images if all are squares of one size. Raises EvaluationError if not."""
    (width, height), _ = (sizes or Counter({(SMALLEST, SMALLEST): 0})).most_common(1)[0]  # none: see _count_sizes
    listed = abridge([f"{w}x{h} ({count})" for (w, h), count in sizes.most_common()])
    if len(sizes) > 1:
        what = f"images of {len(sizes)} sizes in {show(path)}: {listed}"
    elif width != height:
        what = f"images that are not square in {show(path)}: {listed}"
    elif not SMALLEST <= width <= LARGEST:
        what = f"images of {width}x{height} pixels in {show(path)}, and ganzoo reads {SMALLEST} to {LARGEST}"
    else:
        return width
    side = min(max(width, SMALLEST), max(height, SMALLEST), LARGEST)
    raise EvaluationError(what, hint=f"--image-size {side} (the centre square, resized)")


def note_resizing(sizes: Sizes, size: int) -> list[str]:
    """Return a note on the images that have another size."""
    other = sizes.total() - sizes[size, size]
    return [f"{other} of {sizes.total()} images are resized to {size}x{size}"] if other else []


def show(path: Path) -> str:
    """Return a path that is safe to print."""
    return printable(str(path))


def evaluating(path: Path) -> str:
    """Return the command that scores the images at a path."""
    return f"ganzoo evaluate {shlex.quote(str(path))}"
