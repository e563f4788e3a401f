"""The images in a folder, sorted by name, whatever the order of the file system."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from ganzoo.data.decoding import UnreadableImageError, read_file
from ganzoo.errors import DataError

SUFFIXES = (
    ".bmp",
    ".gif",
    ".jfif",
    ".jpeg",
    ".jpg",
    ".pbm",
    ".pgm",
    ".png",
    ".ppm",
    ".tif",
    ".tiff",
    ".webp",
)
SYSTEM_NAMES = {"__macosx", "thumbs.db", "desktop.ini", "@eadir", "lost+found", "$recycle.bin"}
SPLITS = {"train", "training", "test", "testing", "val", "valid", "validation"}


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
    """Folders of the first level, sorted; some may hold no image."""
    notes: list[str]


def list_folder(root: Path) -> Listing:
    """List the images below a folder; links are followed, each folder is visited once.

    Raises DataError if the folder is missing or cannot be read.
    """
    if not root.is_dir():
        where = "it is a file, not a folder" if root.exists() else "there is no such folder"
        hint = f"--dataset zip:{root}" if root.suffix.lower() == ".zip" else "--dataset folder:PATH"
        raise DataError(f"no images found in {printable(str(root))}", where=where, hint=hint)
    try:
        names, folders, notes = _walk(root)
    except OSError as error:
        what, where = f"cannot read {printable(str(root))}", printable(str(error))
        raise DataError(what, where=where, hint="a folder you may read") from error
    files = [ImageFile(name, partial(read_file, root / name)) for name in names]
    return Listing(files, sorted(folders), notes)


def _walk(root: Path) -> tuple[list[str], list[str], list[str]]:
    """Return images, folders and notes, breadth first, so that a folder is visited before a deeper link to it."""
    visited, pending = {root.resolve()}, [("", root)]
    names: list[str] = []
    again: list[str] = []
    for prefix, folder in pending:
        for entry in _visible(folder):
            name = prefix + entry.name
            if not _is_folder(entry):
                names.append(name)
            elif (real := Path(entry.path).resolve()) in visited:
                again.append(name)
            else:
                visited.add(real)
                pending.append((name + "/", Path(entry.path)))
    images, notes = separate(names)
    if again:
        notes.append(f"links to folders that were read already: {abridge(again)}")
    folders = [prefix[:-1] for prefix, _ in pending if prefix.count("/") == 1]
    return images, folders, notes


def _visible(folder: Path) -> list[os.DirEntry[str]]:
    """List what is not hidden, links last, so that a folder is visited before a link to it."""
    with os.scandir(folder) as entries:
        shown = [entry for entry in entries if not is_hidden(entry.name)]
    return sorted(shown, key=lambda entry: (entry.is_symlink(), entry.name))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Return True for a folder or a link to one; `DirEntry.is_dir`, though fast, raises for a link to itself."""
    return Path(entry.path).is_dir() if entry.is_symlink() else entry.is_dir()


def separate(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the names of images, sorted, and notes about the other files."""
    names = list(names)
    images = sorted((name for name in names if name.lower().endswith(SUFFIXES)), key=_parts)
    others = sorted(set(names) - set(images), key=_parts)
    return images, [f"ignored, no images: {abridge(others)}"] if others else []


def is_hidden(name: str) -> bool:
    """Return True for names of files and folders that systems and tools leave behind."""
    return name.startswith(".") or name.lower() in SYSTEM_NAMES


def require_classes(listing: Listing, root: str) -> None:
    """Raise DataError if there are no images, if some are in class folders and some not, or if classes are splits."""
    loose = [file.name for file in listing.files if "/" not in file.name]
    filed = [file.name for file in listing.files if "/" in file.name]
    if not listing.files:
        kinds = ", ".join(suffix[1:] for suffix in SUFFIXES)
        raise DataError(f"no images found in {printable(root)} (looked for {kinds})", hint="--dataset folder:PATH")
    if loose and filed:
        where = f"{abridge(loose, 1)}; {abridge(filed, 1)}"
        hint = "move the loose images into a class folder, or name a single folder"
        raise DataError(f"images both beside and inside the folders of {printable(root)}", where=where, hint=hint)
    classes = sorted({name.split("/")[0] for name in filed})
    if filed and {name.lower() for name in classes} <= SPLITS:
        what = f"the folders of {printable(root)} are splits, not classes"
        raise DataError(what, where=abridge(classes), hint=f"--dataset folder:PATH/{classes[-1]}")


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


def _parts(name: str) -> list[str]:
    return name.split("/")
