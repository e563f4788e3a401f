"""The images in a folder, whatever the order of the file system."""

from __future__ import annotations

import os
import shlex
from functools import partial
from pathlib import Path

from ganzoo.data.decoding import read_file
from ganzoo.data.listing import ImageFile, Listing, abridge, clean, is_hidden, list_files, printable
from ganzoo.errors import DataError
from ganzoo.files import open_regular
from ganzoo.settings.dataset_paths import name_reader


def list_folder(root: Path) -> Listing:
    """List the images below a folder; links are followed, each folder is visited once.

    Raises DataError if the folder is missing or cannot be read.
    """
    if not root.is_dir():
        what, hint = f"no images found in {printable(str(root))}", suggest_reader(root, "folder")
        raise DataError(what, where=_explain(root), hint=hint)
    try:
        paths, folders, again = _walk(root)
    except OSError as error:
        what, where = f"cannot read {printable(str(root))}", printable(str(error))
        raise DataError(what, where=where, hint="a folder you may read") from error
    files = [ImageFile(name, partial(read_file, root / path)) for path, name in rename(paths).items()]
    notes = [f"links to folders that were read already: {abridge(again)}"] if again else []
    return list_files(files, rename(folders).values(), notes)


def _explain(root: Path) -> str:
    return "it is a file, not a folder" if root.exists() else "there is no such folder"


def require_regular(path: Path) -> None:
    """Raise OSError, in words, unless a path is a regular file that can be read: for a reader that opens it itself."""
    with open_regular(path):
        pass


def suggest_reader(path: Path, tried: str, otherwise: str = "") -> str:
    """Return the flag of the dataset that reads a path, where one dataset was tried in vain and another fits."""
    reader = name_reader(path)
    if reader not in ("", tried):
        return f"--dataset {shlex.quote(f'{reader}:{path}')}"
    return otherwise or f"--dataset {tried}:PATH"


def _walk(root: Path) -> tuple[list[str], list[str], list[str]]:
    """Return files, folders and links that lead to a folder again.

    Folders are visited breadth first, so that each is visited before a deeper link to it.
    """
    visited, pending = {root.resolve()}, [("", root)]
    files: list[str] = []
    again: list[str] = []
    for prefix, folder in pending:
        for entry in _visible(folder):
            name = prefix + entry.name
            if not _is_folder(entry):
                files.append(name)
            elif (real := Path(entry.path).resolve()) in visited:
                again.append(name)
            else:
                visited.add(real)
                pending.append((name + "/", Path(entry.path)))
    return files, [prefix[:-1] for prefix, _ in pending[1:]], again


def _visible(folder: Path) -> list[os.DirEntry[str]]:
    """List what is not hidden, links last, so that a folder is visited before a link to it."""
    with os.scandir(folder) as entries:
        shown = [entry for entry in entries if not is_hidden(entry.name)]
    return sorted(shown, key=lambda entry: (entry.is_symlink(), entry.name))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Return True for a folder or a link to one; `DirEntry.is_dir`, though fast, raises for a link to itself."""
    return Path(entry.path).is_dir() if entry.is_symlink() else entry.is_dir()


def rename(paths: list[str]) -> dict[str, str]:
    r"""Return the name of each path: "c0\a.png", which unpacking an archive of Windows leaves, is "c0/a.png".

    Where another file has that name, or it would lead out of the folder, the name is the path as it is.
    """
    taken, names = set(paths), {path: path for path in paths}
    for path in (path for path in paths if "\\" in path):
        try:
            name = clean(path)
        except ValueError:
            continue
        if name not in taken:
            taken.add(name)
            names[path] = name
    return names
