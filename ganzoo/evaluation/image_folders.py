"""Images in a folder or a zip archive as one set, decoded as by the datasets `folder` and `zip`, in their own size."""

from __future__ import annotations

import io
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from ganzoo.data.archive import open_archive
from ganzoo.data.classes import SPLITS
from ganzoo.data.decoding import FORMATS, DecodeOptions, UnreadableImageError, available, naming_the_reason
from ganzoo.data.folder import list_folder
from ganzoo.data.listing import SUFFIXES, ImageFile, Listing, abridge, printable
from ganzoo.data.reading import read_all
from ganzoo.data.tarball import open_tar
from ganzoo.errors import DataError, EvaluationError
from ganzoo.evaluation.image_sizes import ImageSet, Sizes, evaluating, note_resizing, own_size, show

SETS = {*SPLITS} | {"real", "reals", "fake", "fakes", "generated", "reference"}
"""Names of folders that hold sets to compare, rather than classes of one set."""


def read_folder(path: Path, image_size: int | None) -> ImageSet:
    """Return the images of a folder. Raises DataError, EvaluationError or ResourceError."""
    with _rewording():
        return _decode(path, list_folder(path), image_size)


def read_zip(path: Path, image_size: int | None) -> ImageSet:
    """Return the images of a zip archive. Raises DataError, EvaluationError or ResourceError."""
    with _rewording(), open_archive(path) as listing:
        return _decode(path, listing, image_size)


def read_tar(path: Path, image_size: int | None) -> ImageSet:
    """Return the images of a tar archive. Raises DataError, EvaluationError or ResourceError."""
    with _rewording(), open_tar(path) as listing:
        return _decode(path, listing, image_size)


@contextmanager
def _rewording() -> Iterator[None]:
    """Replace the hint of errors about files, which is about training, by one about evaluation."""
    try:
        yield
    except DataError as error:
        hint = "repair, unpack or remove it: ganzoo evaluate takes a FOLDER, ZIP, TAR or NPZ of whole images"
        raise DataError(error.what, where=error.where, hint=hint) from error


def _decode(path: Path, listing: Listing, image_size: int | None) -> ImageSet:
    if not listing.files:
        kinds = ", ".join(suffix[1:] for suffix in SUFFIXES)
        raise DataError(f"no images found in {show(path)} (looked for {kinds})", where="; ".join(listing.notes))
    listing, notes = _merge_folders(path, listing)
    sizes = _count_sizes(listing.files)
    size = image_size or own_size(sizes, path)
    x, survey = read_all(listing.files, DecodeOptions(3, size, "white"))
    if survey.bad:
        raise DataError(survey.name_bad(listing.files), where=show(path))
    x = x[:, :1].contiguous() if survey.grey else x
    y, class_names = _label([file.name for file in listing.files])
    return ImageSet(
        x,
        (*notes, *listing.notes, *survey.notes, *survey.describe_depth(0), *note_resizing(sizes, size)),
        y,
        class_names,
    )


def _merge_folders(path: Path, listing: Listing) -> tuple[Listing, list[str]]:
    """Drop the folders around all files from their names; return also notes about folders. Raises EvaluationError."""
    around, names = _unwrap([file.name for file in listing.files])
    _require_one_set(path / around, names)
    files = [file._replace(name=name) for file, name in zip(listing.files, names, strict=True)]
    notes = [f"all {len(names)} images lie in its folder {printable(around)}"] if around else []
    if folders := _count_folders(names):
        notes.append(f"the images of {len(folders)} folders are one set: {_list(folders)}")
    return listing._replace(files=files), notes


def _require_one_set(path: Path, names: list[str]) -> None:
    """Raise EvaluationError for images both beside and inside folders, and for folders such as real and fake."""
    folders, loose = _count_folders(names), [name for name in names if "/" not in name]
    if loose and folders:
        what = f"images both beside and inside the folders of {show(path)}"
        where = f"beside: {abridge(loose, 1)}; inside: {_list(folders)}"
        raise EvaluationError(what, where=where, hint="ganzoo evaluate a folder in it, or move those beside")
    if len(sets := sorted(name for name in folders if name.lower() in SETS)) > 1:
        hint = evaluating(path / sets[0]) if path.is_dir() else "a zip archive for each"
        raise EvaluationError(f"{show(path)} holds several sets of images: {_list(folders)}", hint=hint)


def _count_folders(names: list[str]) -> Counter[str]:
    """Return the number of images in each folder of the first level."""
    return Counter(name.split("/")[0] for name in names if "/" in name)


def _label(names: list[str]) -> tuple[Tensor | None, tuple[str, ...]]:
    """["c0/a.png", "c1/b.png"] -> labels [0, 1] and class names ("c0", "c1"); no labels without folders."""
    if not (folders := sorted(_count_folders(names))):
        return None, ()
    number = {folder: i for i, folder in enumerate(folders)}
    return torch.tensor([number[name.split("/")[0]] for name in names]), tuple(folders)


def _list(folders: Counter[str]) -> str:
    return abridge([f"{name} ({count})" for name, count in sorted(folders.items())])


def _unwrap(names: list[str]) -> tuple[str, list[str]]:
    """["data/c0/a.png", "data/c1/b.png"] -> ("data", ["c0/a.png", "c1/b.png"])."""
    around: list[str] = []
    while all("/" in name for name in names) and len({name.split("/")[0] for name in names}) == 1:
        around.append(names[0].split("/")[0])
        names = [name.split("/", 1)[1] for name in names]
    return "/".join(around), names


def _count_sizes(files: Sequence[ImageFile]) -> Sizes:
    """Read the sizes in the headers; a file without one is skipped here, and named when it is decoded."""
    sizes: Sizes = Counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns about odd metadata and large images
        for file in files:
            with suppress(UnreadableImageError):
                sizes[_read_size(file.read())] += 1
    return sizes


@naming_the_reason()
def _read_size(data: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(data), formats=available(FORMATS)) as image:
        return image.size
