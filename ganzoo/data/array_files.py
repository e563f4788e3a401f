"""Files of numpy that hold images: npz and npy, without pickles; which arrays in them are the images and the labels."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ganzoo.data.arrays import (
    LAYOUTS,
    Arrays,
    UnfitArrayError,
    to_images,
    to_labels,
    to_numbers,
    to_vectors,
    unlabelled,
)
from ganzoo.data.folder import require_regular, suggest_reader
from ganzoo.data.listing import abridge, printable
from ganzoo.data.npz import open_npz, read_headers, require_room
from ganzoo.errors import DataError, ResourceError

SAVE_NPY = "numpy.save('images.npy', images)"
NONE = "none"
"""Name that stands for no labels."""
IMAGES = ("images", "image", "imgs", "samples", "data", "x", "x_train", "train_x", "train_images", "train_data")
"""Names of arrays of images, in lower case; so is arr_0 and the like, the names of arrays without one."""
LABELS = ("y", "labels", "label", "targets", "target", "classes")
"""Names of arrays of labels, in lower case."""
PARTNERS = (("images", "labels"), ("image", "label"), ("imgs", "labels"), ("data", "labels"), ("x", "y"), ("X", "y"))
"""Words in the name of an array of images, and those in the name of its labels."""
Shapes = Mapping[str, tuple[int, ...]]


def read_npz(path: Path, *, key: str = "", labels: str = "", numbers: bool = False) -> Arrays:
    """Read the images and labels of an npz file. `key` and `labels` name the arrays; by default their names tell.

    `numbers` reads floats as they are, and no images. Raises DataError if there are no images, or none that are meant
    clearly; ResourceError if memory is short.
    """
    with _open(path) as file, _naming_damage(path):
        _require_zip(file, path)
        with open_npz(file) as archive:
            headers = read_headers(archive)
            shapes = {name: header.shape for name, header in headers.items()}
            name = choose_images(shapes, key, path)
            chosen = choose_labels(shapes, name, labels, path)
            hint = f"--dataset npy:FILE (which is not read at once); {SAVE_NPY}"
            require_room(
                headers[name].bytes, printable(path.name), hint, share=2
            )  # the other half is for what is made of them
            images: Any = archive[name]
            if isinstance(images, bytes):
                raise UnfitArrayError("holds other files, and no array")
            x, notes = (to_numbers if numbers else to_images)(images)
            y, class_names, more = _label(chosen, lambda wanted: archive[wanted], len(x), asked=bool(labels))
    other = [f"read the array {name} of {abridge([*shapes])}"] if len(shapes) > 1 else []
    return Arrays(x, y, class_names, (*other, *notes, *more))


def read_npy(path: Path, *, labels: str = "", numbers: bool = False) -> Arrays:
    """Read the images of an npy file, which stay in the file if they are uint8.

    Their labels are in the npy file `labels`, beside it if that is no path; by default in labels.npy beside images.npy,
    or y.npy beside x.npy. Raises DataError as `read_npz` does.
    """
    with _open(path) as file, _naming_damage(path):
        if file.read(6) != b"\x93NUMPY":
            raise UnfitArrayError("is no npy file")
        x, notes = (to_numbers if numbers else to_images)(_map(path))
    place = _find_labels(path, labels)
    with _open(place or path), _naming_damage(place or path):
        name = place.name if place else ""
        y, class_names, more = _label(name, lambda _: _map(place or path), len(x), asked=bool(labels))
    return Arrays(x, y, class_names, (*notes, *more))


def _find_labels(path: Path, labels: str) -> Path | None:
    """Return the npy file of labels, if there are some; it need not exist if it was named."""
    if labels:
        return None if labels == NONE else path.parent / Path(labels).expanduser()
    partners = [path.with_name(f"{name}.npy") for name in _name_partners(path.stem)]
    return next((partner for partner in partners if partner.exists()), None)


def choose_images(shapes: Shapes, key: str, path: Path) -> str:
    """Return the name of the array of images. Raises DataError if several may be meant, UnfitArrayError if none is."""
    if key:
        return _require_name(shapes, key, "key", path)
    likely = [name for name, shape in shapes.items() if len(shape) in (3, 4)]
    known = [name for name in likely or shapes if name.lower() in IMAGES or name.startswith("arr_")]
    if len(shapes) == 1 or len(likely) == 1:
        return (likely or [*shapes])[0]
    if len(known) == 1:
        return known[0]
    if likely:
        listed = abridge([f"{name} {shapes[name]}" for name in likely], 9)
        found = f"holds {len(likely)} arrays that may be the images: {listed}"
        raise _unclear(found, f"key={(known or likely)[0]}", path)
    statistics = ", the statistics of images," if {"mu", "sigma"} <= set(shapes) else ""
    raise UnfitArrayError(f"holds {abridge([*shapes]) or 'nothing'}{statistics} and no array called images")


def choose_labels(shapes: Shapes, images: str, labels: str, path: Path) -> str:
    """Return the name of the array of labels; empty if there is none. Raises DataError if several may be meant."""
    if labels:
        return "" if labels == NONE else _require_name(shapes, labels, "labels", path)
    if partners := [name for name in _name_partners(images) if name in shapes]:
        return partners[0]
    found = [name for name in shapes if name.lower() in LABELS and name != images]
    if len(found) > 1:
        raise _unclear(f"holds several arrays that may be the labels: {abridge(found, 9)}", f"labels={found[0]}", path)
    return found[0] if found else ""


def _name_partners(images: str) -> list[str]:
    """Return the names that the labels of an array may have: "x_train" -> ["y_train"], "arr_0" -> ["arr_1"]."""
    if images.startswith("arr_"):
        return ["arr_1"] if images == "arr_0" else []
    names = []
    for word, partner in PARTNERS:
        parts = images.split("_")
        if word in parts:
            names += ["_".join(partner if part == word else part for part in parts)]
    return names


def _label(
    name: str, read: Callable[[str], NDArray[Any]], count: int, *, asked: bool
) -> tuple[Tensor, tuple[str, ...], list[str]]:
    """Return labels, class names and notes. Labels that were not asked for, and are no classes, give a note."""
    if not name:
        return *unlabelled(count), []
    try:
        y, class_names, notes = to_labels(array := read(name), count)
    except UnfitArrayError as error:
        if asked and (vectors := to_vectors(array, count)) is not None:
            said = f"labels are vectors of shape {tuple(vectors.shape[1:])}, those of {printable(name)}"
            return vectors, unlabelled(count)[1], [said]
        if asked:
            raise
        return *unlabelled(count), [f"images without labels: {printable(name)} {error}"]
    return y, class_names, [f"labels of {len(class_names)} classes are those of {printable(name)}", *notes]


def _require_name(shapes: Shapes, name: str, option: str, path: Path) -> str:
    if name in shapes:
        return name
    hint = f"--set dataset.{option}={next(iter(shapes), 'NAME')}"
    what = f"{printable(path.name)} has no array {name!r}"
    raise DataError(what, where=f"it has {abridge([*shapes], 9) or 'none'}", hint=hint)


def _unclear(found: str, choice: str, path: Path) -> DataError:
    return DataError(f"{printable(path.name)} {found}", where=printable(str(path)), hint=f"--set dataset.{choice}")


@contextmanager
def _open(path: Path) -> Iterator[BinaryIO]:
    try:
        require_regular(path)
    except OSError as error:
        hint = suggest_reader(path, "", "--dataset npz:FILE, or --dataset npy:FILE")
        raise DataError(
            f"cannot read {printable(str(path))}", where=str(error.strerror or error).lower(), hint=hint
        ) from error
    with path.open("rb") as file:
        yield file


@contextmanager
def _naming_damage(path: Path) -> Iterator[None]:
    """Turn any error into DataError, since the readers of zip and npy raise almost anything on damaged bytes."""
    try:
        yield
    except (DataError, ResourceError):
        raise
    except MemoryError as error:
        what = f"not enough memory to read {printable(path.name)}"
        raise ResourceError(what, where=printable(str(path)), hint=f"--dataset npy:FILE; {SAVE_NPY}") from error
    except Exception as error:
        objects = "Object arrays" in str(error)
        found = "holds Python objects" if objects else f"is damaged ({str(error)[:80]})"
        found = str(error) if isinstance(error, UnfitArrayError) else found
        raise DataError(f"{printable(path.name)} {found}", where=printable(str(path)), hint=LAYOUTS) from error


def _require_zip(file: BinaryIO, path: Path) -> None:
    start = file.read(6)
    if not zipfile.is_zipfile(file):
        bare, cut = start == b"\x93NUMPY", start[:2] == b"PK"
        raise UnfitArrayError("is a bare array" if bare else "is cut off" if cut else "is no npz file")
    file.seek(0)


def _map(path: Path) -> NDArray[Any]:
    """Map an npy file, which is never written."""
    array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return array
