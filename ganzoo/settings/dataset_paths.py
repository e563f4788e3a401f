"""The dataset that a path means: a folder of images, an archive, or a file of numpy."""

from __future__ import annotations

from pathlib import Path

READERS = {
    "zip": (".zip",),
    "npz": (".npz",),
    "npy": (".npy",),
    "tar": (".tar", ".tgz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz"),
}
"""Datasets that read a file, and the ends of its name."""

PHOTO_SETS = ("celeba", "lsun", "imagenet", "tiny-imagenet", "afhq", "ffhq")
"""Published sets that are read where they lie."""


def name_reader(path: Path) -> str:
    """Return the dataset that reads what lies at a path: "folder", or one of READERS; empty if none does."""
    if path.is_dir():
        return "folder"
    ends = [reader for reader, suffixes in READERS.items() if path.name.lower().endswith(suffixes)]
    return ends[0] if ends and path.is_file() else ""


def looks_like_path(text: str) -> bool:
    """Return True for "./photos", "~/photos", "data/photos" and "photos.zip", but not for a name of a dataset."""
    return "/" in text or "\\" in text or text.startswith(("~", ".")) or bool(Path(text).suffix)


def name_data(path: str) -> str:
    """Return the name of what lies at a path, without suffixes: "/data/photos.tar.gz" -> "photos"; "" for no name.

    Of a pattern of shards it is the name of their folder.
    """
    whole = Path(path).expanduser().absolute() if path else Path()
    name = whole.parent.name if any(sign in whole.name for sign in "{*[") else whole.name
    for suffix in sorted((suffix for suffixes in READERS.values() for suffix in suffixes), key=len, reverse=True):
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name[:40]
