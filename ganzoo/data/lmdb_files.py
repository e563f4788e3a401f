"""LMDB databases of images, as those of LSUN: each value is an encoded image. https://github.com/fyu/lsun"""

from __future__ import annotations

import os
import re
import threading
from functools import partial
from pathlib import Path
from typing import Any

from ganzoo.data.decoding import UnreadableImageError, naming_the_reason
from ganzoo.data.folder import suggest_reader
from ganzoo.data.listing import ImageFile, Listing, abridge, printable
from ganzoo.errors import DataError

NOT_IMAGES = {b"length", b"__len__", b"__keys__", b"num-samples"}
"""Keys under which writers keep counts."""
SIZED = re.compile(rb"(\d+)-\d+")
"""Keys of a database that keeps each image in several sizes, as that of https://github.com/rosinality/stylegan2-pytorch."""


def list_databases(path: Path) -> Listing:
    """List the images of a database; or of a folder of databases, each of which is a class.

    Raises DataError if there is none, or one is damaged, or the package lmdb is not installed.
    """
    folders = [path] if is_database(path) else sorted(inner for inner in _inside(path) if is_database(inner))
    if not folders:
        what = f"no LMDB database at {printable(str(path))}"
        raise DataError(what, where="there is no data.mdb", hint=suggest_reader(path, "lmdb"))
    files: list[ImageFile] = []
    notes: list[str] = []
    for folder in folders:
        database = Database(folder)
        keys, more = choose_size(database.keys())
        prefix = f"{folder.name}/" if len(folders) > 1 else ""
        files += [ImageFile(prefix + name_key(key), partial(_read, database, key)) for key in keys]
        notes += [f"{printable(folder.name)}: {note}" for note in more]
    return Listing(files, [], notes, [])


def is_database(path: Path) -> bool:
    """Return True for a folder with a data.mdb, or a file that is one."""
    return (path / "data.mdb").is_file() or (path.is_file() and path.suffix in (".lmdb", ".mdb"))


def _inside(path: Path) -> list[Path]:
    return [*path.iterdir()] if path.is_dir() else []


class Database:
    """A database that is opened when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()

    def keys(self) -> list[bytes]:
        """Return the keys in order, without those of counts. Raises DataError if the database is damaged."""
        lmdb = import_lmdb()
        try:
            with open_database(self.path).begin() as transaction, transaction.cursor() as cursor:
                return [key for key in cursor.iternext(values=False) if key not in NOT_IMAGES]
        except lmdb.Error as error:
            what = f"cannot open {printable(str(self.path))} as an LMDB database"
            raise DataError(what, where=printable(str(error)), hint="--dataset lmdb:DIR") from error

    def read(self, key: bytes) -> bytes:
        """Return the value of a key. Raises UnreadableImageError if it is gone."""
        with open_database(self.path).begin() as transaction:
            value = transaction.get(key)
        if value is None:
            raise UnreadableImageError("no such key")
        return bytes(value)


_OPENED: dict[Path, Any] = {}
"""Open databases of this process. LMDB opens each once in a process; an open one must not be taken across a fork."""
_LOCK = threading.Lock()


def open_database(path: Path) -> Any:
    """Return the database at a path, opened once for all that read it."""
    with _LOCK:
        if path not in _OPENED:
            options = {"readonly": True, "lock": False, "readahead": False, "subdir": path.is_dir()}
            _OPENED[path] = import_lmdb().open(str(path), max_readers=512, **options)
        return _OPENED[path]


def close_databases() -> None:
    """Close all databases; whoever reads on opens them again."""
    with _LOCK:
        while _OPENED:
            _OPENED.popitem()[1].close()


if hasattr(os, "register_at_fork"):  # not on Windows, where no process forks
    os.register_at_fork(before=close_databases)


def choose_size(keys: list[bytes]) -> tuple[list[bytes], list[str]]:
    """Return the keys of the largest size, if each image is there in several, and a note."""
    matches = [SIZED.fullmatch(key) for key in keys]
    sizes = sorted({int(match[1]) for match in matches if match})
    if len(sizes) < 2 or not all(matches) or len(keys) % len(sizes):
        return keys, []
    kept = [key for key, match in zip(keys, matches, strict=True) if match and int(match[1]) == sizes[-1]]
    return kept, [f"of the sizes {abridge([*map(str, sizes)], 9)}, the largest is read"]


def name_key(key: bytes) -> str:
    """Return a key as the name of an image: as text without "/", or as hexadecimal digits."""
    text = key.decode("utf-8", "replace")
    return text.replace("/", "|") if text.isprintable() and "\ufffd" not in text else key.hex()


@naming_the_reason()
def _read(database: Database, key: bytes) -> bytes:
    return database.read(key)


def import_lmdb() -> Any:
    """Return the package lmdb, which is an extra. Raises DataError if it is not installed."""
    try:
        import lmdb
    except ImportError as error:
        raise DataError("dataset lmdb needs the package lmdb", hint="pip install 'ganzoo-torch[lmdb]'") from error
    return lmdb
