"""Images, and other samples, that are arrays of numpy: npz and npy files."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Le, MinLen

from ganzoo.contracts import Dataset, Samples
from ganzoo.data.array_files import read_npy, read_npz
from ganzoo.data.arrays import Arrays, fit_images
from ganzoo.data.decoding import LARGEST, SMALLEST, DecodeOptions, Fit
from ganzoo.data.listing import printable
from ganzoo.errors import ConfigError, DataError

OPTIONS = """\
    Images are uint8 (M, H, W, C), (M, C, H, W) or (M, H, W), C = 1 or 3, or floats in [0, 1] or [-1, 1], which are
    reduced to 8 bits. Labels are whole numbers or texts (M,) or (M, 1), or one-hot (M, K); the values that occur are
    the classes; other numbers (M, A) are read as vectors if `labels` names them. Pickled objects are not read. The
    format is that of https://numpy.org/doc/stable/reference/routines.io.html.

    `path`: the file. `image_size`: height and width in pixels, to which images are resized as those of `folder`;
    0 keeps their size. `fit`: "crop" takes the centre square, "pad" adds white bars, "stretch" squeezes. `numbers`:
    floats in [-1, 1] of any shape (M, ...) are read as they are, such as spectrograms or bands, and are no images.
    """


@dataclass(frozen=True)
class ArrayImages(Dataset):
    """Images in a file of numpy, with the options that npz and npy have."""

    path: Annotated[str, MinLen(1)]
    image_size: Annotated[int, Ge(0), Le(LARGEST)] = 0
    fit: Fit = "crop"
    numbers: bool = False

    def __init_subclass__(cls) -> None:
        """Add the options, which are the same for both, to the docstring of a class."""
        cls.__doc__ = f"{(cls.__doc__ or '').rstrip()}\n\n{OPTIONS}"

    def __post_init__(self) -> None:
        if self.numbers and self.image_size:
            what = f"dataset.image_size={self.image_size} resizes images, and dataset.numbers=true reads none"
            raise ConfigError(what, hint="without --image-size")

    @abstractmethod
    def read(self) -> Arrays:
        """Read the file. Raises DataError, or ResourceError if memory is short."""

    def load(self) -> Samples:
        """Return uint8 (M, C, S, S), or float32 (M, *shape). Raises DataError, or ResourceError if memory is short."""
        x, y, class_names, notes = self.read()
        if self.numbers:
            return Samples(x, y, class_names, notes)
        height, width = x.shape[2:]
        size = self.image_size or height
        if size < SMALLEST or (not self.image_size and (height != width or size > LARGEST)):
            what = f"images of {self.image_size or width}x{size} pixels, and ganzoo trains on squares of 8 to 1024"
            hint = f"--image-size {max(SMALLEST, min(height, width, LARGEST))} (which makes squares of them)"
            raise DataError(what, where=printable(self.path), hint=hint)
        fitted, more = fit_images(x, DecodeOptions(x.shape[1], size, fit=self.fit))
        return Samples(fitted, y, class_names, (*notes, *more))


@dataclass(frozen=True)
class Npz(ArrayImages):
    """Images and labels in an npz file, as `numpy.savez` writes it.

    `key`: name of the array of images; by default the only one, or one of images, x, x_train, samples, data and
    arr_0. `labels`: name of the array of labels; by default the partner of the images, such as y_train of x_train and
    arr_1 of arr_0, or y, labels, label, targets or classes; "none" reads no labels.
    """

    key: str = ""
    labels: str = ""

    def read(self) -> Arrays:
        """Read the file. Raises DataError, or ResourceError if memory is short."""
        return read_npz(Path(self.path).expanduser(), key=self.key, labels=self.labels, numbers=self.numbers)


@dataclass(frozen=True)
class Npy(ArrayImages):
    """Images in an npy file, as `numpy.save` writes it; uint8 images that keep their size stay in the file.

    `labels`: npy file of the labels, beside the images if it is not a whole path; by default labels.npy beside
    images.npy, or y.npy beside x.npy; "none" reads no labels.
    """

    labels: str = ""

    def read(self) -> Arrays:
        """Read the file. Raises DataError, or ResourceError if memory is short."""
        return read_npy(Path(self.path).expanduser(), labels=self.labels, numbers=self.numbers)
