"""The classes of a tree of images: its folders, without those around all of them and without splits."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from ganzoo.data.labels import FoundLabels, find_labels, require_agreement, require_all_labelled
from ganzoo.data.listing import SUFFIXES, ImageFile, Listing, abridge, printable
from ganzoo.data.samples import UNLABELLED as UNLABELLED
from ganzoo.errors import DataError

Split = Literal["auto", "train", "val", "test"]
SPLITS = {
    "train": "train",
    "training": "train",
    "test": "test",
    "testing": "test",
    "val": "val",
    "valid": "val",
    "validation": "val",
}
"""Names of folders that hold a split, and the split that each is."""
SHARD = 1000
"""Images in each folder of StyleGAN's tool but the last."""


class ClassedFiles(NamedTuple):
    """Images with the class of each."""

    files: list[ImageFile]
    labels: list[str]
    """Class of each image; UNLABELLED for all if there are no labels."""
    empty: list[str]
    """Classes without images, sorted."""
    notes: list[str]
    splits: dict[str, str]
    """Splits of the tree, and the folder of each; empty if there are none."""
    split: str
    """The split that was taken, if there are any."""

    def number(self, kept: Sequence[int]) -> tuple[Tensor, tuple[str, ...], list[str]]:
        """Return labels int64 (n,) of some of the images, class names, and notes about classes without images."""
        labels = [self.labels[index] for index in kept]
        names = order_classes(set(labels))
        empty = [] if names == [UNLABELLED] else order_classes({*self.empty, *self.labels} - set(names))
        numbers = {name: k for k, name in enumerate(names)}
        y = torch.tensor([numbers[label] for label in labels], dtype=torch.int64)
        return y, tuple(map(printable, names)), [f"class {printable(name)} has no images" for name in empty]


def order_classes(names: set[str]) -> list[str]:
    """Sort names of classes: as numbers if all are whole numbers, else as text. {"2", "10"} -> ["2", "10"]."""
    if all(name.isascii() and name.isdecimal() for name in names):
        return sorted(names, key=lambda name: (int(name), name))
    return sorted(names)


def sort_into_classes(listing: Listing, root: str, split: Split = "auto", labels: str = "auto") -> ClassedFiles:
    """Return the images of a tree, or of one split of it, with their classes.

    `labels` says whose: "folders", "none", the name of a file beside the images, or "auto", which is such a file if
    there is one. Raises DataError if there are no images, no such split, images both beside and inside folders, or
    labels that contradict the images or their folders.
    """
    if not listing.files:
        kinds = ", ".join(suffix[1:] for suffix in SUFFIXES)
        where = "; ".join(listing.notes)
        what = f"no images found in {printable(root)} (looked for {kinds})"
        raise DataError(what, where=where, hint="--dataset folder:PATH")
    splits, chosen, prefix = enter_split(listing, split, root)
    inner = enter(listing, prefix)
    found = find_labels(listing, prefix, labels)
    notes = [*listing.notes, *describe_split(chosen, splits), *found.notes]
    classes, empty, remarks = [UNLABELLED] * len(inner.files), list[str](), list[str]()
    if found.files:
        classes = classes_of_file(inner, prefix, found, check=labels == "auto")
        empty = missing_numbers(set(classes))
    elif labels != "none" and not (found.denied and is_sharded(inner.files)):
        classes, empty, remarks = classes_of_folders(inner, root)
    notes += remarks
    return ClassedFiles(inner.files, classes, empty, notes, splits, chosen)


def classes_of_file(inner: Listing, prefix: str, found: FoundLabels, *, check: bool) -> list[str]:
    """Return the class of each image by a file. Raises DataError if one has none or, with `check`, a folder differs."""
    names = [file.name for file in inner.files]
    require_all_labelled([prefix + name for name in names], found)
    labels = [clean_class(found.classes[prefix + name]) for name in names]
    if check and all("/" in name for name in names) and not is_sharded(inner.files):
        require_agreement([clean_class(name.partition("/")[0]) for name in names], labels, found)
    return labels


def classes_of_folders(inner: Listing, root: str) -> tuple[list[str], list[str], list[str]]:
    """Return the class of each image by its folder, folders without images, and notes. Raises DataError."""
    require_one_depth(inner.files, root)
    labels, notes = name_classes([file.name for file in inner.files])
    counts = [count for _, count in sorted(Counter(labels).items())]
    if is_sharded(inner.files) and len(counts) > 1 and {*counts[:-1]} == {SHARD} and counts[-1] <= SHARD:
        folders = abridge(sorted(set(labels)))
        notes.append(
            f"the classes are the folders {folders}, of {SHARD:,} images each, which look like parts of one set; "
            "--set dataset.labels=none reads them as one class"
        )
    empty = {clean_class(folder) for folder in inner.folders if "/" not in folder}
    return labels, sorted(empty - set(labels)), notes


def missing_numbers(classes: set[str]) -> list[str]:
    """{"0", "3", "4"} -> ["1", "2"], if all classes are whole numbers, and few are missing between them."""
    if not all(name.isascii() and name.isdecimal() for name in classes):
        return []
    numbers = set(map(int, classes))
    low, high = min(numbers), max(numbers)
    return [str(k) for k in range(low, high) if k not in numbers] if high - low < 2 * len(numbers) else []


def is_sharded(files: Sequence[ImageFile]) -> bool:
    """Return True if the folders are 00000, 00001, ... and so on, as StyleGAN's tool makes them of any images."""
    tops = sorted({file.name.partition("/")[0] for file in files})
    return tops == [f"{k:05}" for k in range(len(tops))]


def enter_split(listing: Listing, split: Split, root: str) -> tuple[dict[str, str], str, str]:
    """Return the splits of a tree, the one to read, and the path of the folder to read: "data/train/"."""
    prefix = find_wrapping([file.name for file in listing.files])
    inner = enter(listing, prefix)
    splits = find_splits(inner)
    if not splits and split == "auto":
        return {}, "", prefix
    chosen = choose_split(splits, split, inner, root)
    folder = splits[chosen] + "/"
    return splits, chosen, prefix + folder + find_wrapping([file.name for file in enter(inner, folder).files])


def find_wrapping(names: Sequence[str]) -> str:
    """["data/c0/a.png", "data/c1/b.png"] -> "data/", the folders around all class folders."""
    prefix = ""
    while names and all(name.count("/") >= 2 for name in names) and len({n.split("/")[0] for n in names}) == 1:
        prefix += names[0].split("/")[0] + "/"
        names = [name.split("/", 1)[1] for name in names]
    return prefix


def enter(listing: Listing, prefix: str) -> Listing:
    """Return what lies in a folder, "data/", with names relative to it."""
    files = [f._replace(name=f.name.removeprefix(prefix)) for f in listing.files if f.name.startswith(prefix)]
    folders = [folder.removeprefix(prefix) for folder in listing.folders if folder.startswith(prefix)]
    return listing._replace(files=files, folders=folders)


def find_splits(listing: Listing) -> dict[str, str]:
    """Return the splits of a tree and the folder of each, if no image lies elsewhere."""
    tops = sorted({file.name.partition("/")[0] for file in listing.files})
    splits = {SPLITS[name.lower()]: name for name in tops if name.lower() in SPLITS}
    return splits if len(tops) == len(splits) else {}


def describe_split(chosen: str, splits: dict[str, str]) -> list[str]:
    """Return a note that says which split is read, and how another one is."""
    others = [split for split in splits if split != chosen]
    if not others:
        return []
    folders = abridge([splits[split] for split in others])
    return [f"{splits[chosen]}/ is read, and {folders} is not; --set dataset.split={others[0]} reads another split"]


def choose_split(splits: dict[str, str], split: Split, listing: Listing, root: str) -> str:
    """Return the split to read. Raises DataError if there is none of this name, or no "train" to take by itself."""
    only = next(iter(splits)) if len(splits) == 1 else "train"
    wanted = only if split == "auto" else split
    if wanted in splits:
        return wanted
    if splits:
        what, hint = f"{printable(root)} has no split {wanted!r}", f"--set dataset.split={max(splits)}"
        raise DataError(what, where=abridge([*splits.values()]), hint=hint)
    tops = sorted({file.name.split("/")[0] for file in listing.files if "/" in file.name})
    where = abridge(tops) or "no folders"
    raise DataError(f"{printable(root)} has no splits", where=where, hint="--set dataset.split=auto")


def require_one_depth(files: Sequence[ImageFile], root: str) -> None:
    """Raise DataError if some images are in class folders and some are not."""
    loose = [file.name for file in files if "/" not in file.name]
    filed = [file.name for file in files if "/" in file.name]
    if loose and filed:
        where = f"{abridge(loose, 1)}; {abridge(filed, 1)}"
        hint = "move the loose images into a class folder, or name a single folder"
        raise DataError(f"images both beside and inside the folders of {printable(root)}", where=where, hint=hint)


def name_classes(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the class of each image by its folder, and a note about folders that are one class."""
    owners = [name.split("/")[0] if "/" in name else UNLABELLED for name in names]
    classes = {owner: clean_class(owner) for owner in set(owners)}
    twice = {name for name, count in Counter(classes.values()).items() if count > 1}
    same = sorted(repr(owner) for owner, name in classes.items() if name in twice)
    return [classes[owner] for owner in owners], [f"folders that are one class: {abridge(same, 9)}"] if same else []


def clean_class(name: str) -> str:
    """Return the name of a class: without spaces around it, and in one spelling where Unicode has several."""
    return unicodedata.normalize("NFC", name).strip() or name
