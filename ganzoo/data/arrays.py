"""Arrays of numpy as samples and labels: which layout, range and classes they have, or why that is unclear."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ganzoo.data.classes import UNLABELLED, order_classes
from ganzoo.data.decoding import DecodeOptions, fit, name_geometry, to_tensor
from ganzoo.data.listing import printable
from ganzoo.data.reading import BLOCK_BYTES, is_grey
from ganzoo.machine.limits import require_memory

LAYOUTS = (
    "images of shape (N, H, W, C), (N, C, H, W) or (N, H, W), C = 1 or 3, as uint8, or as floats in [0, 1] or [-1, 1]: "
    "numpy.savez('images.npz', images); other floats in [-1, 1]: --set dataset.numbers=true"
)
DARK = 64
"""Level of 255 below which the brightest value of a set is worth a note."""
SLACK = 1e-4  # by which rounding may leave [0, 1] or [-1, 1]


class UnfitArrayError(Exception):
    """An array is no set of images, or no labels; its text says what was found."""


class Arrays(NamedTuple):
    """Images and labels as they are in a file."""

    x: Tensor
    """Images, uint8 (M, C, H, W), M > 0, C = 1 if all are grey; or numbers, float32 (M, *shape); perhaps mapped."""
    y: Tensor
    """int64 (M,) in [0, K); or vectors, float32 (M, ...)."""
    class_names: tuple[str, ...]
    notes: tuple[str, ...]


def to_images(array: NDArray[Any]) -> tuple[Tensor, list[str]]:
    """Return an array of images as uint8 (M, C, H, W), C = 1 if all are grey, and notes.

    A uint8 array is not copied. Raises UnfitArrayError.
    """
    if array.dtype != np.uint8 and not np.issubdtype(array.dtype, np.floating):
        raise UnfitArrayError(f"holds {array.dtype} {array.shape}{_describe_range(array)}")
    if array.size == 0:
        raise UnfitArrayError(f"holds no image: {array.dtype} {array.shape}")
    count, channels, height, width = arrange(array).shape
    if array.dtype != np.uint8:
        require_memory(count, channels=channels, size=math.isqrt(height * width))
    values, notes = (array, []) if array.dtype == np.uint8 else quantise(array)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")  # nothing writes to it
        x = torch.from_numpy(arrange(values))
    brightest = max(int(values[part].max()) for part in _blocks(values))
    if brightest < DARK:
        notes.append(f"the images are dark: their brightest value is {brightest} of 255")
    return (x[:, :1] if x.shape[1] == 3 and is_grey(x) else x), notes


def to_numbers(array: NDArray[Any]) -> tuple[Tensor, list[str]]:
    """Return an array of floats in [-1, 1] as float32 (M, *shape), its dimensions as they are. Raises UnfitArrayError.

    A float32 array is not copied.
    """
    if not np.issubdtype(array.dtype, np.floating) or array.ndim < 2 or array.size == 0:
        found = f"holds {array.dtype} {array.shape}{_describe_range(array)}"
        raise UnfitArrayError(f"{found}, and dataset.numbers=true takes floats (M, ...) in [-1, 1]")
    low, high = find_range(array)
    if not -1 <= low <= high <= 1:
        scaled = "x / abs(x).max() lies in [-1, 1]"
        raise UnfitArrayError(f"holds {array.dtype} {array.shape}{_describe_range(array)}; {scaled}")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")  # nothing writes to it
        x = torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))
    return x, [f"{array.dtype} from {low:.4g} to {high:.4g} is read as numbers of shape {array.shape[1:]}"]


def to_vectors(array: NDArray[Any], count: int) -> Tensor | None:
    """Return labels that are no classes as float32 (count, ...); None for what is neither: texts, nan, one number each.

    Fractions (count,) become vectors of one number.
    """
    values = array[:, None] if array.ndim == 1 and array.dtype.kind == "f" else array
    if values.ndim < 2 or len(values) != count or values.size == 0 or values.dtype.kind not in "biuf":
        return None
    y = torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))
    return y if bool(y.isfinite().all()) else None


def arrange(array: NDArray[Any]) -> NDArray[Any]:
    """Return a view (M, C, H, W) of an array of images, C = 1 or 3. Raises UnfitArrayError if the layout is unclear."""
    shape, channels = array.shape, (1, 3)
    if array.ndim == 3 and shape[0] != 3 and shape[2] not in channels:
        return array[:, None]
    if array.ndim == 3:
        raise UnfitArrayError(f"holds {shape}, which may be one colour image: images[None] makes it a set")
    if array.ndim != 4 or (shape[1] not in channels and shape[3] not in channels):
        raise UnfitArrayError(f"holds {array.dtype} {shape}")
    if shape[1] in channels and shape[3] in channels:
        raise UnfitArrayError(f"holds {shape}, where channels may come first or last")
    return array if shape[1] in channels else array.transpose(0, 3, 1, 2)


def quantise(array: NDArray[Any]) -> tuple[NDArray[np.uint8], list[str]]:
    """Return floats as uint8 of the same shape, and a note. Raises UnfitArrayError if not in [0, 1] or [-1, 1]."""
    low, high = find_range(array)
    if low >= 0 and 0.25 < high <= 1 + SLACK:
        scale, shift, said = 255.0, 0.0, "[0, 1]"
    elif -1 - SLACK <= low <= -0.25 and high <= 1 + SLACK:
        scale, shift, said = 127.5, 127.5, "[-1, 1]"
    else:
        raise UnfitArrayError(f"holds {array.dtype} {array.shape}{_describe_range(array)}, whose range is not clear")
    levels = np.empty(array.shape, np.uint8)
    for part in _blocks(array):
        levels[part] = (array[part].astype(np.float32) * scale + shift).round().clip(0, 255)
    return levels, [f"{array.dtype} from {low:.4g} to {high:.4g} is read as {said} and reduced to 8 bits"]


def find_range(array: NDArray[Any]) -> tuple[float, float]:
    """Return the least and the greatest value, in blocks that fit in memory; nan if one is nan."""
    ends = [(array[part].min(), array[part].max()) for part in _blocks(array)]
    return float(np.min([low for low, _ in ends])), float(np.max([high for _, high in ends]))


def _blocks(array: NDArray[Any]) -> Iterator[slice]:
    length = max(1, BLOCK_BYTES // max(1, array[:1].nbytes))
    return (slice(start, start + length) for start in range(0, len(array), length))


def _describe_range(array: NDArray[Any]) -> str:
    if array.size == 0 or array.ndim == 0 or not np.issubdtype(array.dtype, np.number):
        return ""
    low, high = find_range(array)
    return f" from {low:.4g} to {high:.4g}" if np.isfinite([low, high]).all() else " with nan or inf"


def to_labels(array: NDArray[Any], count: int) -> tuple[Tensor, tuple[str, ...], list[str]]:
    """Return labels int64 (count,), the names of the classes in natural order, and notes.

    Classes are the values that occur: whole numbers (M,) or (M, 1), or texts; or the columns of a one-hot array (M, K).
    Raises UnfitArrayError for anything else.
    """
    values, notes = array, list[str]()
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if is_one_hot(values):
        y = torch.from_numpy(values.argmax(axis=1).astype(np.int64))
        return y, tuple(map(str, range(values.shape[1]))), ["labels are one-hot, and read as numbers"]
    if values.shape != (count,) or values.dtype.kind not in "biufUS":
        raise UnfitArrayError(f"holds {array.dtype} {array.shape}, which are no labels of {count:,} images")
    if values.dtype.kind == "f":
        if not np.isfinite(values).all() or (values != np.round(values)).any():
            raise UnfitArrayError(f"holds {array.dtype}{_describe_range(values)}, which are no whole numbers")
        values, notes = values.astype(np.int64), [f"labels are {array.dtype}, and read as whole numbers"]
    texts, inverse = np.unique(values, return_inverse=True)
    names = [t.decode(errors="replace") if isinstance(t, bytes) else str(t) for t in texts.tolist()]
    if count >= 10 and len(names) == count:
        raise UnfitArrayError(f"holds another value for each of {count:,} images, which are no classes")
    order = names if values.dtype.kind in "iu" else order_classes({*names})
    number = np.array([order.index(name) for name in names], dtype=np.int64)
    return torch.from_numpy(number[inverse]), tuple(map(printable, order)), notes


def is_one_hot(values: NDArray[Any]) -> bool:
    """Return True for an array (M, K), K > 1, of zeros with a single one in each row."""
    if values.ndim != 2 or values.shape[1] < 2 or values.dtype.kind not in "biuf":
        return False
    return bool(((values == 0) | (values == 1)).all() and (values.sum(axis=1) == 1).all())


def unlabelled(count: int) -> tuple[Tensor, tuple[str, ...]]:
    """Return labels (count,) and the class name of images without labels."""
    return torch.zeros(count, dtype=torch.int64), (UNLABELLED,)


def fit_images(x: Tensor, options: DecodeOptions) -> tuple[Tensor, list[str]]:
    """Make squares of images uint8 (M, C, H, W) as of those of folders; return uint8 (M, C, S, S) and notes."""
    (height, width), size = x.shape[2:], options.size
    if (width, height) == (size, size):
        return x, []
    require_memory(len(x), channels=x.shape[1], size=size)
    fitted = torch.empty(len(x), x.shape[1], size, size, dtype=torch.uint8)
    for index, image in enumerate(x):
        pixels = image[0] if len(image) == 1 else image.permute(1, 2, 0)
        fitted[index] = to_tensor(fit(Image.fromarray(np.ascontiguousarray(pixels.numpy())), options))
    changes = name_geometry((width, height), options)
    return fitted, [f"{len(x)} of {len(x)} images {change}" for change in changes]
