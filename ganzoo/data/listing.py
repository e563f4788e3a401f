"""The images of a tree of files, sorted by name, whether the tree lies in a folder or in an archive."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from hashlib import sha256
from typing import NamedTuple

from ganzoo.data.decoding import KINDS, UnreadableImageError, name_kind

SUFFIXES = tuple(KINDS)
UNREAD = (".arw", ".cr2", ".dcm", ".dds", ".dng", ".exr", ".heic", ".heif", ".jxl", ".nef", ".nii", ".psd", ".svg")
"""Suffixes of images that are not read, and may be taken for some that are."""
SYSTEM_NAMES = {"__macosx", "thumbs.db", "desktop.ini", "@eadir", "lost+found", "$recycle.bin"}
ORDINARY_SUFFIX = re.compile(r"\.[a-z][a-z0-9]*~?", re.IGNORECASE)
"""Suffix that says of which kind a file is, unlike those of "scan.0001" and "photo.jpg_large"."""
LABEL_FILES = {
    f"{stem}.{suffix}" for stem in ("dataset", "labels", "metadata") for suffix in ("json", "jsonl", "csv", "tsv")
}
"""Names of files that may hold the labels of images."""


class ImageFile(NamedTuple):
    """One image that has not been read yet."""

    name: str
    """Path relative to the folder or archive, with "/" between the parts."""
    read: Callable[[], bytes]


class Listing(NamedTuple):
    """The images and folders in a folder or an archive."""

    files: list[ImageFile]
    """Images, in the order of the parts of their names."""
    folders: list[str]
    """Paths of the folders at any depth, sorted; some may hold no image."""
    notes: list[str]
    tables: list[ImageFile]
    """Files that may hold labels, in the order of their names."""


def list_files(files: Iterable[ImageFile], folders: Iterable[str], notes: Sequence[str] = ()) -> Listing:
    """List the images among the files of a tree, and what else is visible there.

    A file without a suffix is an image if its content is.
    """
    images: list[ImageFile] = []
    tables: list[ImageFile] = []
    others: list[str] = []
    for file in sorted((file for file in files if is_visible(file.name)), key=lambda file: file.name.split("/")):
        if is_image(file):
            images.append(file)
        elif file.name.rpartition("/")[2].lower() in LABEL_FILES:
            tables.append(file)
        else:
            others.append(file.name)
    return Listing(images, sorted(filter(is_visible, folders)), [*note_ignored(others), *notes], tables)


def note_ignored(names: Sequence[str]) -> list[str]:
    """Return notes about files that are not read."""
    unread = [name for name in names if name.lower().endswith(UNREAD)]
    others = [name for name in names if name not in set(unread)]
    notes = [f"ignored, no images: {abridge(others)}"] if others else []
    return [*notes, f"ignored, images of a kind that is not read: {abridge(unread)}"] if unread else notes


def is_image(file: ImageFile) -> bool:
    """Return True if the suffix is that of an image, or if there is none and the content is an image."""
    base = file.name.rpartition("/")[2].strip()
    if base.lower().endswith(SUFFIXES):
        return True
    suffix = "." + base.rpartition(".")[2] if "." in base else ""
    return not ORDINARY_SUFFIX.fullmatch(suffix) and _holds_image(file)


def _holds_image(file: ImageFile) -> bool:
    with suppress(UnreadableImageError):
        return name_kind(file.read()) != ""
    return False


def clean(name: str) -> str:
    r"""Return a path with "/" between its parts, none of them empty or ".": ".\c0\a.png" -> "c0/a.png".

    Raises ValueError for a path that is absolute, names a drive of Windows, or leads out of its folder.
    """
    parts = name.replace("\\", "/").split("/")
    if ".." in parts or parts[0] == "" or re.fullmatch("[A-Za-z]:", parts[0]):
        raise ValueError(f"{name!r} is no path inside a folder")
    return "/".join(part for part in parts if part not in ("", "."))


def is_visible(path: str) -> bool:
    """Return True unless a part of the path is hidden."""
    return not any(map(is_hidden, path.split("/")))


def is_hidden(name: str) -> bool:
    """Return True for names of files and folders that systems and tools leave behind."""
    return name.startswith(".") or name.lower() in SYSTEM_NAMES


def hash_each(files: Sequence[ImageFile]) -> str:
    """Return the SHA-256 of names and contents of files, in order; the content of an unreadable one counts as 0."""
    digest = sha256()
    for file in files:
        content = bytes(32)
        with suppress(UnreadableImageError):
            content = sha256(file.read()).digest()
        digest.update(content + os.fsencode(file.name) + b"\0")  # no name holds a zero
    return digest.hexdigest()


def abridge(names: list[str], limit: int = 3) -> str:
    """["a", "b", "c", "d"] -> "a, b, c and 1 more", safe to print."""
    rest = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(map(printable, names[:limit])) + rest


def printable(name: str) -> str:
    """Escape line breaks, control characters and undecodable bytes: "a\\nb" -> "a\\\\nb"."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)
