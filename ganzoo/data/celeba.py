"""CelebA as it is published: aligned faces, a table of 40 attributes, and a table of three splits.

    list_attr_celeba.txt       the number of images; the names of the attributes; "000001.jpg -1 1 ..." for each image
    list_eval_partition.txt    "000001.jpg 0" for each image: 0 is train, 1 val, 2 test

The same tables as .csv, with a header, are those of Kaggle's copy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from ganzoo.data.classes import UNLABELLED, ClassedFiles, Split, describe_split
from ganzoo.data.listing import ImageFile, Listing, abridge, printable
from ganzoo.errors import DataError
from ganzoo.files import read_text

IMAGES = "img_align_celeba"
ATTRIBUTES, PARTITION = "list_attr_celeba", "list_eval_partition"
SPLITS: dict[str, Split] = {"0": "train", "1": "val", "2": "test"}
"""Numbers of the table of splits."""
VALUES = {"1": True, "-1": False}
MOST_BYTES = 200_000_000
"""Size of a table: the larger one is published with 27 MB."""

Rows = Iterator[list[str]]
V = TypeVar("V")


def find_faces(path: Path) -> Path:
    """Return the folder, or the zip, of the aligned faces. Raises DataError if there is none."""
    if path.name.startswith(IMAGES):
        return path
    for place in (path / IMAGES, path / f"{IMAGES}.zip", path / "Img" / IMAGES, path / "Img" / f"{IMAGES}.zip"):
        if place.exists():
            return place
    what, where = f"no faces of CelebA in {printable(str(path))}", f"there is no {IMAGES} and no {IMAGES}.zip"
    raise DataError(what, where=where, hint="--dataset celeba:DIR (docs/data.md shows what lies there)")


def sort_faces(listing: Listing, path: Path, split: Split, attribute: str) -> ClassedFiles:
    """Return the faces of a split, in two classes if an attribute is named: those that have it, and those that lack it.

    Raises DataError if a table is missing or damaged, or says nothing about an image.
    """
    if not listing.files:
        raise DataError(f"no images found in {printable(str(path))}", hint="--dataset celeba:DIR")
    files, chosen, splits, notes = take_split(listing.files, path, split)
    labels = [UNLABELLED] * len(files)
    if attribute not in ("auto", "none"):
        has = read_attribute(_require_table(path, ATTRIBUTES), attribute)
        labels = [attribute if value else f"not {attribute}" for value in _look_up(files, has, ATTRIBUTES)]
    return ClassedFiles(files, labels, [], [*listing.notes, *notes], splits, chosen)


def take_split(
    files: list[ImageFile], path: Path, split: Split
) -> tuple[list[ImageFile], str, dict[str, str], list[str]]:
    """Return the images of a split, the split, all splits, and notes; all images if "auto" finds no table of them."""
    table = _find_table(path, PARTITION)
    if table is None and split == "auto":
        return files, "", {}, [f"{PARTITION}.txt is not there, so all images are read and none is held out"]
    parts = read_partition(table or _require_table(path, PARTITION))
    of_each = [*_look_up(files, parts, PARTITION)]
    splits: dict[str, str] = {name: name for name in SPLITS.values() if name in of_each}
    chosen = "train" if split == "auto" else split
    if chosen not in splits:
        what = f"CelebA has no image of the split {chosen} here"
        raise DataError(what, where=printable(str(path)), hint=f"--set dataset.split={max(splits)}")
    kept = [file for file, part in zip(files, of_each, strict=True) if part == chosen]
    return kept, chosen, splits, describe_split(chosen, splits)


def read_attribute(table: Path, name: str) -> dict[str, bool]:
    """Return whether each image has an attribute, by its name without suffix. Raises DataError."""
    rows = _read_rows(table)
    header = next(rows, [])
    if table.suffix == ".txt":
        told, header = header, ["", *next(rows, [])]
    if name not in header[1:]:
        what = f"CelebA has no attribute {name!r}: it has {', '.join(header[1:])}"
        raise DataError(what, where=printable(str(table)), hint=f"--set dataset.labels={header[-1]}")
    place, found = header.index(name), dict[str, bool]()
    for row in rows:
        if len(row) != len(header) or row[place] not in VALUES:
            raise _damaged(table, row)
        found[_stem(row[0])] = VALUES[row[place]]
    if table.suffix == ".txt" and told != [str(len(found))]:
        raise DataError(f"{table.name} is cut short: {len(found):,} rows of {' '.join(told)}", where=str(table))
    return found


def read_partition(table: Path) -> dict[str, Split]:
    """Return the split of each image, by its name without suffix. Raises DataError."""
    rows, found = _read_rows(table), dict[str, Split]()
    if table.suffix == ".csv":
        next(rows, None)
    for row in rows:
        if len(row) != 2 or row[1] not in SPLITS:
            raise _damaged(table, row)
        found[_stem(row[0])] = SPLITS[row[1]]
    return found


def _read_rows(table: Path) -> Rows:
    try:
        text = read_text(table, MOST_BYTES)
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {table.name}: {error}", where=printable(str(table))) from error
    for line in text.splitlines():
        cells = line.split(",") if table.suffix == ".csv" else line.split()
        if any(cells):
            yield [cell.strip() for cell in cells]


def _find_table(path: Path, name: str) -> Path | None:
    """Return a table in a folder, in a folder there, or beside the images if the path is theirs."""
    roots = [path.parent, path.parent.parent] if path.name.startswith(IMAGES) else [path]
    for root in roots:
        for pattern in (name, f"Anno/{name}", f"Eval/{name}"):
            for suffix in (".txt", ".csv"):
                if (table := root / f"{pattern}{suffix}").is_file():
                    return table
    return None


def _require_table(path: Path, name: str) -> Path:
    if table := _find_table(path, name):
        return table
    what = f"{name}.txt is not there, which holds " + ("the attributes" if name == ATTRIBUTES else "the splits")
    hint = "--set dataset.labels=none" if name == ATTRIBUTES else "--set dataset.split=auto"
    raise DataError(what, where=printable(str(path)), hint=hint)


def _look_up(files: Iterable[ImageFile], table: dict[str, V], name: str) -> Iterator[V]:
    """Yield what a table says of each image. Raises DataError for one of which it says nothing."""
    for file in files:
        if (stem := _stem(file.name)) not in table:
            what = f"{name} says nothing about {printable(file.name)}"
            raise DataError(what, hint="the table and the images of one copy of CelebA")
        yield table[stem]


def _stem(name: str) -> str:
    return name.rpartition("/")[2].rpartition(".")[0]


def _damaged(table: Path, row: list[str]) -> DataError:
    what = f"a row of {table.name} cannot be read: {abridge(row, 3)}"
    return DataError(what, where=printable(str(table)), hint="a new copy of the file")
