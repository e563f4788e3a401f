"""Images in an npz file: one uint8 array, with its channels first or last."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganzoo.data.decoding import resize_images
from ganzoo.data.listing import abridge, printable
from ganzoo.data.reading import is_grey
from ganzoo.errors import DataError, EvaluationError, ResourceError
from ganzoo.evaluation.image_sizes import WANTED, ImageSet, note_resizing, own_size, show
from ganzoo.machine import available_bytes

LAYOUTS = "a uint8 array (N, H, W, C), (N, C, H, W) or (N, H, W), C = 1 or 3: numpy.savez('images.npz', images)"


def read_npz(path: Path, image_size: int | None) -> ImageSet:
    """Return the images of an npz file. Raises DataError, EvaluationError or ResourceError."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise DataError(f"cannot read {show(path)}", where=str(error.strerror).lower(), hint=WANTED) from error
    with file, _naming_damage(path):
        _require_zip(file, path)
        with np.load(file, allow_pickle=False) as archive:
            names = archive.files
            name = _choose(names, path)
            _require_room(archive.zip.infolist(), name, path)
            array = archive[name]
    notes = (f"read the array {name} of {abridge(names)}",) if len(names) > 1 else ()
    images = _fit(_arrange(array, path), path, image_size)
    return images._replace(notes=notes + images.notes)


@contextmanager
def _naming_damage(path: Path) -> Iterator[None]:
    try:
        yield
    except (EvaluationError, ResourceError):
        raise
    except Exception as error:  # on damaged bytes the readers of zip and npy raise almost anything
        objects = "Object arrays" in str(error)
        raise _unfit(path, "holds Python objects" if objects else f"is damaged ({str(error)[:80]})") from error


def _require_zip(file: BinaryIO, path: Path) -> None:
    start = file.read(6)
    if not zipfile.is_zipfile(file):
        bare, cut = start == b"\x93NUMPY", start[:2] == b"PK"
        raise _unfit(path, "is a bare array" if bare else "is cut off" if cut else "is no npz file")
    file.seek(0)


def _choose(names: list[str], path: Path) -> str:
    """Return the only array, or "images", or "arr_0". Raises EvaluationError if there is none of these."""
    candidates = names if len(names) == 1 else [name for name in ("images", "arr_0") if name in names]
    if candidates:
        return candidates[0]
    statistics = ", the statistics of images," if {"mu", "sigma"} <= set(names) else ""
    raise _unfit(path, f"holds {abridge(names) or 'nothing'}{statistics} and no array called images")


def _require_room(entries: list[zipfile.ZipInfo], name: str, path: Path) -> None:
    needed = max(entry.file_size for entry in entries if entry.filename in (name, f"{name}.npy"))
    if needed > (allowed := available_bytes() // 2):
        what = f"{printable(path.name)} holds {needed / 2**30:.1f} GiB of images"
        where = f"half of the free memory: {allowed / 2**30:.1f} GiB"
        raise ResourceError(what, where=where, hint="fewer images: numpy.savez('fewer.npz', images[:10000])")


def _arrange(array: NDArray[Any] | bytes, path: Path) -> Tensor:
    """Content of an npz file -> uint8 (N, C, H, W), N > 0. Raises EvaluationError that says what was found."""
    if isinstance(array, bytes):
        raise _unfit(path, "holds other files, and no array")
    shape, channels = array.shape, (1, 3)
    if array.dtype != np.uint8:
        raise _unfit(path, f"holds {array.dtype} {shape}{_describe_range(array)}")
    if array.size == 0:
        raise _unfit(path, f"holds no image: {shape}")
    x = torch.from_numpy(array)
    if x.ndim == 3 and shape[0] != 3 and shape[2] not in channels:
        return x.unsqueeze(1)
    if x.ndim == 3:
        raise _unfit(path, f"holds {shape}, which may be one colour image: images[None] makes it a set")
    if x.ndim != 4 or (shape[1] not in channels and shape[3] not in channels):
        raise _unfit(path, f"holds uint8 {shape}")
    if shape[1] in channels and shape[3] in channels:
        raise _unfit(path, f"holds {shape}, where channels may come first or last")
    return x if shape[1] in channels else x.permute(0, 3, 1, 2)


def _describe_range(array: NDArray[Any]) -> str:
    if array.size == 0 or not np.issubdtype(array.dtype, np.number):
        return ""
    return f" from {array.min():.4g} to {array.max():.4g}" if np.isfinite(array).all() else " with nan or inf"


def _unfit(path: Path, found: str) -> EvaluationError:
    return EvaluationError(f"{printable(path.name)} {found}", where=show(path), hint=LAYOUTS)


def _fit(x: Tensor, path: Path, image_size: int | None) -> ImageSet:
    """uint8 (N, C, H, W) -> the set of images, resized if that was asked for. Raises EvaluationError."""
    height, width = x.shape[2:]
    sizes = Counter({(width, height): len(x)})
    size = image_size or own_size(sizes, path)
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    x = resize_images(x[..., top : top + side, left : left + side], size)
    grey = x.shape[1] == 3 and is_grey(x)
    return ImageSet(x[:, :1].contiguous() if grey else x, tuple(note_resizing(sizes, size)))
