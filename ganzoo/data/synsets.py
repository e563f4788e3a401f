"""Trees of images whose classes are synsets of WordNet: ImageNet and Tiny ImageNet, as they are published.

    train/n01440764/*.JPEG                  a folder for each synset; in Tiny ImageNet, with a folder images/ inside
    val/n01440764/*.JPEG                    the same, once a script has sorted them
    val/*.JPEG, LOC_val_solution.csv        ImageNet as Kaggle packs it: "ILSVRC2012_val_00000001,n01751748 111 108 ..."
    val/images/*, val/val_annotations.txt   Tiny ImageNet: "val_0.JPEG  n03444034  0  32  44  62"
    words.txt, LOC_synset_mapping.txt       "n01440764  tench, Tinca tinca"

Classes are numbered in the order of their synsets, as everywhere, whatever they are called.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ganzoo.data.classes import UNLABELLED, ClassedFiles, Split, describe_split
from ganzoo.data.listing import ImageFile, Listing, abridge, printable
from ganzoo.errors import DataError
from ganzoo.files import read_text

SYNSET = re.compile(r"n\d{8}")
SPLITS = ("train", "val", "test")
NAMES = ("words.txt", "LOC_synset_mapping.txt")
"""Files with the words of each synset."""
TABLES = {"val_annotations.txt": "\t", "LOC_val_solution.csv": ","}
"""Files with the synsets of images that lie in no folder of a synset, and what separates their cells."""
AROUND = ("ILSVRC/Data/CLS-LOC", "Data/CLS-LOC")
"""Folders around the splits in Kaggle's copy."""
MOST_BYTES = 100_000_000
"""Size of a table: words.txt has 2.7 MB, LOC_val_solution.csv 2.5 MB."""


class Tree(NamedTuple):
    """The folders of a set."""

    path: Path
    """Folder that the user named, where tables are looked for."""
    root: Path
    """Folder of the splits."""
    splits: dict[str, str]
    """Splits that are there, and the folder of each; empty if the named folder is one split."""

    def choose(self, split: Split) -> str:
        """Return the split to read; empty if there are none. Raises DataError if it is not there."""
        if not self.splits and split == "auto":
            return ""
        chosen = ("train" if "train" in self.splits else "val") if split == "auto" else split
        if chosen not in self.splits:
            there = ", ".join(self.splits) or "the images of one split"
            what, hint = f"there is no split {chosen}", f"--set dataset.split={max(self.splits, default='auto')}"
            raise DataError(what, where=f"{printable(str(self.root))} has {there}", hint=hint)
        return chosen

    def folder(self, split: Split) -> Path:
        """Return the folder of a split. Raises DataError if it is not there."""
        return self.root / self.splits.get(self.choose(split), "")


def find_tree(path: Path, dataset: str) -> Tree:
    """Find the splits of a set. Raises DataError if the folder holds neither splits nor folders of synsets."""
    for root in (path, *(path / around for around in AROUND)):
        if splits := {name: name for name in SPLITS if (root / name).is_dir()}:
            return Tree(path, root, splits)
    if path.is_dir() and any(SYNSET.fullmatch(folder.name) for folder in path.iterdir()):
        return Tree(path, path, {})
    what = f"no images of {dataset} in {printable(str(path))}"
    where = "there is no train, no val, and no folder of a synset such as n01440764; docs/data.md shows what lies there"
    raise DataError(what, where=where, hint=f"--dataset {dataset}:DIR")


def sort_into_synsets(listing: Listing, tree: Tree, split: Split, *, labelled: bool) -> ClassedFiles:
    """Return the images of a split with their synsets. Raises DataError if an image has none."""
    chosen, files = tree.choose(split), listing.files
    if not files:
        raise DataError(f"no images found in {printable(str(tree.folder(split)))}", hint="a whole copy of the set")
    with_labels = {name: folder for name, folder in tree.splits.items() if name != "test" or not labelled}
    notes = [*listing.notes, *describe_split(chosen, {chosen: chosen} | with_labels if chosen else {})]
    labels = [UNLABELLED] * len(files)
    if labelled:
        names = read_names(tree)
        synsets = _find_synsets(files, tree, chosen)
        labels = [f"{synset} {names[synset]}" if synset in names else synset for synset in synsets]
    return ClassedFiles(files, labels, [], notes, with_labels, chosen)


def _find_synsets(files: Sequence[ImageFile], tree: Tree, split: str) -> list[str]:
    """Return the synset of each image: that of its folder, or that of a table. Raises DataError."""
    tops = [file.name.partition("/")[0] for file in files]
    if all(map(SYNSET.fullmatch, tops)):
        return tops
    if split == "test":
        what = "the labels of the test images were never published"
        raise DataError(what, where=printable(str(tree.root)), hint="--set dataset.labels=none")
    table = _find_file(tree, TABLES, split) if not any(map(SYNSET.fullmatch, tops)) else None
    if table is None:
        odd = [file.name for file, top in zip(files, tops, strict=True) if not SYNSET.fullmatch(top)]
        what = f"images lie in no folder of a synset, and no table names theirs: {abridge(odd)}"
        hint = f"{' or '.join(TABLES)} beside them, or --set dataset.labels=none"
        raise DataError(what, where=printable(str(tree.root / split)), hint=hint)
    synsets = read_table(table)
    lost = [file.name for file in files if _stem(file.name) not in synsets]
    if lost:
        what = f"{table.name} says nothing about {abridge(lost)}"
        raise DataError(what, where=printable(str(table)), hint="the table and the images of one copy of the set")
    return [synsets[_stem(file.name)] for file in files]


def read_table(table: Path) -> Mapping[str, str]:
    """Return the synset of each image, by its name without suffix. Raises DataError for a row that names none."""
    found: dict[str, str] = {}
    for line in _read(table).splitlines():
        image, _, rest = line.partition(TABLES[table.name])
        synset = rest.split()[0] if rest.split() else ""
        if image == "ImageId":
            continue  # the header of Kaggle's table
        if not SYNSET.fullmatch(synset):
            raise DataError(f"a row of {table.name} names no synset: {printable(line[:60])}", where=str(table))
        found[_stem(image)] = synset
    return found


def read_names(tree: Tree) -> Mapping[str, str]:
    """Return the first word of each synset, n01440764 -> tench; none if no file has them."""
    table = _find_file(tree, NAMES, "")
    lines = _read(table).splitlines() if table else []
    pairs = [line.split(None, 1) for line in lines if SYNSET.match(line)]
    return {pair[0]: pair[1].partition(",")[0].strip() for pair in pairs if len(pair) == 2}


def _find_file(tree: Tree, names: Sequence[str] | Mapping[str, str], split: str) -> Path | None:
    """Return the first of some files that lies with the split, around it, or where Kaggle has it."""
    folders = (tree.root / split, tree.root, tree.path, tree.path.parent)
    found = (folder / name for folder in folders for name in names)
    return next((file for file in found if file.is_file()), None)


def _read(table: Path) -> str:
    try:
        return read_text(table, MOST_BYTES)
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {table.name}: {error}", where=printable(str(table))) from error


def _stem(name: str) -> str:
    base = name.rpartition("/")[2]
    return base.rpartition(".")[0] or base
