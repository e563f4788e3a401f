"""Images to be scored in an npz or npy file, read as the datasets npz and npy read them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from ganzoo.data.array_files import read_npy
from ganzoo.data.array_files import read_npz as read_arrays
from ganzoo.data.arrays import LAYOUTS, fit_images
from ganzoo.data.classes import UNLABELLED
from ganzoo.data.decoding import DecodeOptions
from ganzoo.errors import DataError, EvaluationError
from ganzoo.evaluation.image_sizes import ImageSet, note_resizing, own_size


def read_npz(path: Path, image_size: int | None, *, numbers: bool = False) -> ImageSet:
    """Return the images of an npz or npy file, or `numbers` as they are.

    Raises EvaluationError, or ResourceError if memory is short.
    """
    try:
        x, y, class_names, notes = (read_npy if path.suffix.lower() == ".npy" else read_arrays)(path, numbers=numbers)
    except DataError as error:
        raise EvaluationError(error.what, where=error.where, hint=LAYOUTS) from error
    labelled = class_names != (UNLABELLED,)
    labels = (y, class_names) if labelled else (None, ())
    if numbers:
        return ImageSet(x, notes, *labels)
    height, width = x.shape[2:]
    sizes = Counter({(width, height): len(x)})
    size = image_size or own_size(sizes, path)
    fitted, more = fit_images(x, DecodeOptions(x.shape[1], size))
    notes = (*notes, *more, *note_resizing(sizes, size))
    return ImageSet(fitted.contiguous(), notes, *labels)
