"""LSUN as its download script leaves it: databases such as bedroom_train_lmdb, one for each category and split."""

from __future__ import annotations

import re
from pathlib import Path

from ganzoo.data.classes import UNLABELLED, ClassedFiles, Split, describe_split
from ganzoo.data.listing import Listing, printable
from ganzoo.data.lmdb_files import is_database, list_databases
from ganzoo.errors import DataError

DATABASE = re.compile(r"(?:(?P<category>.+)_)?(?P<split>train|val|test)_lmdb")
HINT = "--dataset lsun:DIR (with bedroom_train_lmdb and its like), or --dataset lmdb:DIR"


def list_split(path: Path, split: Split) -> Listing:
    """List the images of the databases of a split; each lies in a folder with the name of its category.

    Raises DataError if there is none, and what `list_databases` raises.
    """
    splits = find_splits(path)
    databases = splits[choose(splits, split, path)]
    listings = {category: list_databases(database) for category, database in databases.items()}
    files = [
        file._replace(name=f"{category}/{file.name}") for category, inner in listings.items() for file in inner.files
    ]
    return Listing(files, [], [note for inner in listings.values() for note in inner.notes], [])


def sort_scenes(listing: Listing, path: Path, split: Split, *, labelled: bool) -> ClassedFiles:
    """Return the images with their categories."""
    splits = find_splits(path)
    chosen = choose(splits, split, path)
    if chosen == "test" and labelled:
        what = "the labels of the test images were never published"
        raise DataError(what, where=printable(str(path)), hint="--set dataset.labels=none")
    labels = [file.name.partition("/")[0] if labelled else UNLABELLED for file in listing.files]
    names = {name: name for name in splits if name != "test" or not labelled}
    notes = [*listing.notes, *describe_split(chosen, {chosen: chosen} | names)]
    return ClassedFiles(listing.files, labels, [], notes, names, chosen)


def find_splits(path: Path) -> dict[str, dict[str, Path]]:
    """Return split -> category -> database; a database whose name says no split, cat/, counts as train.

    Raises DataError if there is none.
    """
    inside = [path] if is_database(path) else sorted(path.iterdir()) if path.is_dir() else []
    found: dict[str, dict[str, Path]] = {}
    for database in filter(is_database, inside):
        named = DATABASE.fullmatch(database.name)
        category, split = (named["category"] or "test", named["split"]) if named else (database.stem, "train")
        found.setdefault(split, {})[category] = database
    if not found:
        what = f"no database of LSUN in {printable(str(path))}"
        raise DataError(what, where="there is no data.mdb there or one folder below", hint=HINT)
    return found


def choose(splits: dict[str, dict[str, Path]], split: Split, path: Path) -> str:
    """Return the split to read. Raises DataError if it is not there."""
    chosen = ("train" if "train" in splits else next(iter(splits))) if split == "auto" else split
    if chosen not in splits:
        what, hint = f"LSUN has no split {chosen} here", f"--set dataset.split={max(splits)}"
        raise DataError(what, where=f"{printable(str(path))} has {', '.join(splits)}", hint=hint)
    return chosen
