"""Images to be scored, from a folder, an archive or an npz or npy file; resized only if that was asked for."""

from __future__ import annotations

import stat
from pathlib import Path

from ganzoo.data.decoding import LARGEST, SMALLEST
from ganzoo.data.listing import SUFFIXES, printable
from ganzoo.errors import ConfigError, DataError, EvaluationError
from ganzoo.evaluation.image_folders import read_folder, read_tar, read_zip
from ganzoo.evaluation.image_sizes import WANTED, ImageSet, show
from ganzoo.evaluation.npz import read_npz
from ganzoo.settings.dataset_paths import name_reader

DEVICE = "device"
NO_IMAGES = {
    (DEVICE,): ("a pipe, a socket or a device, and no file", WANTED),
    (".pt", ".pth", ".ckpt", ".safetensors", ".pkl"): ("weights", "ganzoo evaluate RUN --step N"),
    (".gz", ".bz2", ".xz", ".zst", ".7z", ".rar"): ("an archive, and neither zip nor tar", "unpack it, or zip it"),
    SUFFIXES: ("a single image", "ganzoo evaluate FOLDER"),
}
READERS = {"folder": read_folder, "zip": read_zip, "tar": read_tar}


def read_images(path: Path, image_size: int | None = None, *, numbers: bool = False) -> ImageSet:
    """Read the images of a folder, an archive, or an npz or npy file, in the order of their names or of the array.

    They keep their size unless `image_size` is given: then each is cropped to its centre square and resized.
    The subfolders of a folder are one set. `numbers` reads the floats of an npz or npy file as they are.

    Raises DataError if there is no such file, or no image, or an unreadable one; EvaluationError if what is
    there is no set of images of one square size; ConfigError for an `image_size` out of range; ResourceError
    if memory is short.
    """
    path = path.expanduser()
    if image_size is not None and not SMALLEST <= image_size <= LARGEST:
        raise ConfigError(f"--image-size {image_size} is refused: it takes {SMALLEST} to {LARGEST}")
    kind, reader = _kind(path), name_reader(path)
    if reader in READERS:
        return READERS[reader](path, image_size)
    if kind in (".npz", ".npy"):
        return read_npz(path, image_size, numbers=numbers)
    found, hint = next((words for kinds, words in NO_IMAGES.items() if kind in kinds), ("no image file", WANTED))
    raise EvaluationError(f"{printable(path.name)} is {found}", where=show(path), hint=hint)


def _kind(path: Path) -> str:
    """Return "folder", DEVICE, or the suffix of a file. Raises DataError if there is nothing."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise DataError(f"no images at {show(path)}", where=str(error.strerror).lower(), hint=WANTED) from error
    return "folder" if stat.S_ISDIR(mode) else path.suffix.lower() if stat.S_ISREG(mode) else DEVICE
