"""The labels of images by a file beside them, matched with the images; what contradicts is refused."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from ganzoo.data.label_files import NO_LABELS, Row, Table, parse_labels, read_bytes
from ganzoo.data.listing import ImageFile, Listing, abridge, printable
from ganzoo.errors import DataError

WITHOUT = "--set dataset.labels=none"


class FoundLabels(NamedTuple):
    """Labels that files give."""

    files: list[str]
    """Names of the files, relative to the tree; empty if none has labels."""
    classes: dict[str, str]
    """Path of an image, relative to the tree -> its class."""
    notes: list[str]
    denied: bool = False
    """True if a dataset.json says that there are no labels, so that folders of numbers are none."""

    @property
    def file(self) -> str:
        """Name of the first file."""
        return self.files[0].rpartition("/")[2]


def find_labels(listing: Listing, prefix: str, choice: str) -> FoundLabels:
    """Return the labels that the files of a tree give: of all of them for "auto", else of those named so.

    `prefix` is the folder of the images, "data/train/"; a file in a folder beside it does not concern them.

    Raises DataError if there is no such file, if one is damaged, or for two files in one folder.
    """
    if choice in ("folders", "none"):
        return FoundLabels([], {}, [])
    tables = [file for file in listing.tables if _meet(file.name.rpartition("/")[0], prefix)]
    files = [file for file in tables if choice in ("auto", file.name, file.name.rpartition("/")[2])]
    if not files and choice != "auto":
        where = f"files with labels: {abridge([file.name for file in tables], 9) or 'none'}"
        raise DataError(f"no file {choice!r} with labels is beside the images", where=where, hint=WITHOUT)
    read = {file.name: parse_labels(file.name, read_bytes(file)) for file in files}
    notes = [f"{name} {table.remark}: not read" for name, table in read.items() if table.remark]
    filled = {name: table for name, table in read.items() if table.rows}
    require_one_per_folder([*filled])
    classes: dict[str, str] = {}
    for name, table in filled.items():
        given, extra = match_labels(name, table, listing.files, strict=choice == "auto")
        classes |= given
        notes += [describe(name, table, given), *extra]
    denied = any(name.endswith("dataset.json") and table.remark == NO_LABELS for name, table in read.items())
    return FoundLabels([*filled], classes, notes, denied)


def _meet(folder: str, prefix: str) -> bool:
    """Return True if a folder lies in, or around, the folder with the images."""
    return not folder or prefix.startswith(f"{folder}/") or f"{folder}/".startswith(prefix)


def describe(name: str, table: Table, given: dict[str, str]) -> str:
    """Return a note that says which file was read."""
    column = f"the column {printable(table.column)} of " if table.column else "those of "
    return f"labels are {column}{printable(name)}: {len(set(given.values()))} classes"


def require_one_per_folder(names: Sequence[str]) -> None:
    """Raise DataError for two files with labels in one folder."""
    folders = Counter(name.rpartition("/")[0] for name in names)
    twice = [name for name in names if folders[name.rpartition("/")[0]] > 1]
    if twice:
        what = f"{len(twice)} files give labels: {abridge(twice, 9)}"
        raise DataError(what, hint=f"--set dataset.labels={twice[0].rpartition('/')[2]}")


def match_labels(
    name: str, table: Table, images: Sequence[ImageFile], *, strict: bool
) -> tuple[dict[str, str], list[str]]:
    """Return the class of each image that a file names, and notes.

    Raises DataError for an image with two labels and, if `strict`, for a label without an image.
    """
    folder = name.rpartition("/")[0]
    inside = [image.name for image in images if not folder or image.name.startswith(folder + "/")]
    found, lost = _match(table.rows, inside, folder)
    given: dict[str, str] = {}
    for image, label in found:
        if label is not None and given.setdefault(image, label) != label:
            what = f"{printable(name)} has two labels of {printable(image)}: {given[image]} and {label}"
            raise DataError(what, hint=WITHOUT)
    if not lost:
        return given, []
    what = f"{printable(name)} has labels of {len(lost)} images that are not there: {abridge(lost)}"
    if strict or not given:
        base = name.rpartition("/")[2]
        raise DataError(what, hint=f"--set dataset.labels={base}" if given else WITHOUT)
    return given, [what]


def _match(rows: Sequence[Row], images: Sequence[str], folder: str) -> tuple[list[Row], list[str]]:
    """Return the rows whose image is there, with its name, and the paths of the others.

    Paths are relative to the folder; if none of them is that of an image, without their suffix, or bare.
    """
    for key in KEYS:
        known = {key(image.removeprefix(folder + "/") if folder else image): image for image in images}
        if len(known) == len(images) and any(key(path) in known for path, _ in rows):
            break
    found = [(known[key(path)], label) for path, label in rows if key(path) in known]
    return found, [path for path, _ in rows if key(path) not in known]


def _whole(path: str) -> str:
    return str(PurePosixPath(unicodedata.normalize("NFC", path).replace("\\", "/")))


def _without_suffix(path: str) -> str:
    return str(PurePosixPath(_whole(path)).with_suffix("")) if PurePosixPath(_whole(path)).name else ""


def _bare(path: str) -> str:
    return PurePosixPath(_whole(path)).name


def _bare_without_suffix(path: str) -> str:
    return PurePosixPath(_whole(path)).stem


KEYS: tuple[Callable[[str], str], ...] = (_whole, _without_suffix, _bare, _bare_without_suffix)
"""Ways to compare the path in a row with that of an image, strictest first."""


def require_all_labelled(images: Sequence[str], found: FoundLabels) -> None:
    """Raise DataError for images without a label."""
    without = [image for image in images if image not in found.classes]
    if without:
        what = f"{len(without)} of {len(images)} images have no label in {abridge(found.files)}: {abridge(without)}"
        raise DataError(what, hint=WITHOUT)


def require_agreement(folders: Sequence[str], labels: Sequence[str], found: FoundLabels) -> None:
    """Raise DataError if the folders of images are other classes than their labels."""
    pairs = {*zip(folders, labels, strict=True)}
    names, classes = set(folders), set(labels)
    one_to_one = len(pairs) == len(names) == len(classes)
    if len(names) < 2 or (one_to_one and (names != classes or all(a == b for a, b in pairs))):
        return
    wrong = next((pair for pair in sorted(pairs) if pair[0] != pair[1]), min(pairs))
    what = f"the class folders and {printable(found.files[0])} disagree"
    where = f"an image in the folder {printable(wrong[0])} has the label {printable(wrong[1])}"
    raise DataError(what, where=where, hint=f"--set dataset.labels={found.file}")
