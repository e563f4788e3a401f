"""Files of a cell on storage that is not mounted: downloaded before the run, uploaded while it trains.

    STORAGE/cells/NAME/...      the run folder
    STORAGE/logs/NAME.log       the output of its process

A worker may be killed between any two files, so they are uploaded in an order in which the run can always be resumed:
a log before its checkpoint, a checkpoint before its sidecar, and the sidecar before `latest.json`, which points to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from ganzoo.cells import Cell
from ganzoo.errors import ConfigError, PluginError
from ganzoo.files import write_atomically

Stamp = tuple[int, int]
"""Size in bytes and time of the last change in ns; they differ if the contents of a file differ."""


def open_storage(url: str) -> tuple[Any, str]:
    """Return the file system and the path of a URL. Raises ConfigError, or PluginError if a package is missing."""
    from fsspec.core import url_to_fs  # type: ignore[import-untyped]  # not at the top: every run loads the engines

    try:
        system, root = url_to_fs(url)
    except ImportError as error:
        raise PluginError(f"storage {url}: {error}", hint="install that package here and on every node") from error
    except ValueError as error:
        raise ConfigError(f"storage {url!r}: {error}", hint="s3://bucket/grid, or file:///mount/grid") from error
    return system, root.rstrip("/")


class CellStorage:
    """The files of one cell, here and on the storage."""

    def __init__(self, url: str, cell: Cell) -> None:
        self._system, self._root = open_storage(url)
        self._cell = cell
        self._folders: set[str] = set()
        self._stored: dict[str, Stamp] = {}
        """Stamps of the files here when they were last downloaded or uploaded."""

    def create(self) -> None:
        """Make the folder of the storage. Raises the errors of its file system."""
        self._make_folder(self._root)

    def read_state(self) -> str:
        """Return the state of the stored run; empty if there is no run."""
        self._system.invalidate_cache()
        if not self._system.exists(f"{self._root}/{self._folder}/recipe.toml"):
            return ""
        try:
            status: dict[str, str] = json.loads(self._system.cat_file(f"{self._root}/{self._folder}/status.json"))
        except FileNotFoundError:  # killed before it was written
            return "running"
        return status["state"]

    def download(self) -> None:
        """Replace the files here by the stored ones."""
        stored = {}
        for name in self._list_stored():
            path = self._path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, self._system.cat_file(f"{self._root}/{name}"))
            stored[name] = _stamp(path)
        for name, path in self._list_local():
            if name not in stored:
                path.unlink()
        self._stored = stored

    def upload(self) -> None:
        """Replace the stored files by those here. A file that the run changes meanwhile is left to the next upload."""
        here: dict[str, Stamp] = {}
        for name, path in self._list_local():
            with suppress(FileNotFoundError):  # deleted since it was listed
                here[name] = _stamp(path)
        for name in sorted(here, key=_order):
            if here[name] != self._stored.get(name):
                self._store(name, here[name])
        for name in sorted(self._stored.keys() - here.keys(), key=_order, reverse=True):
            self._remove(name)

    def delete(self) -> None:
        """Delete the stored files."""
        for name in sorted(self._list_stored(), key=_order, reverse=True):
            self._remove(name)

    @property
    def _folder(self) -> str:
        return f"cells/{self._cell.name}"

    @property
    def _log(self) -> str:
        return f"logs/{self._cell.name}.log"

    def _path(self, name: str) -> Path:
        return self._cell.log if name == self._log else self._cell.folder / name.removeprefix(f"{self._folder}/")

    def _list_local(self) -> Iterator[tuple[str, Path]]:
        for path in list(self._cell.folder.rglob("*")):
            if path.is_file() and path.name != "run.lock" and ".tmp-" not in path.name:
                yield f"{self._folder}/{path.relative_to(self._cell.folder).as_posix()}", path
        if self._cell.log.is_file():
            yield self._log, self._cell.log

    def _list_stored(self) -> list[str]:
        self._system.invalidate_cache()
        found = self._system.find(f"{self._root}/{self._folder}")
        if self._system.exists(f"{self._root}/{self._log}"):
            found.append(f"{self._root}/{self._log}")
        names = [path.partition(f"{self._root}/")[2] for path in found]
        return [name for name in names if ".tmp-" not in name]

    def _store(self, name: str, stamp: Stamp) -> None:
        try:
            data = self._path(name).read_bytes()
        except FileNotFoundError:  # deleted since it was listed
            return
        from fsspec.implementations.local import LocalFileSystem  # type: ignore[import-untyped]

        target = f"{self._root}/{name}"
        self._make_folder(target.rpartition("/")[0])
        if isinstance(self._system, LocalFileSystem):  # others store a file whole or not at all
            write_atomically(Path(target), data)
        else:
            self._system.pipe_file(target, data)
        self._stored[name] = stamp

    def _make_folder(self, path: str) -> None:
        """Make a folder of the storage; the parent of the storage, such as a bucket, must exist."""
        if path in self._folders:
            return
        if path != self._root:
            self._make_folder(path.rpartition("/")[0])
        with suppress(FileExistsError):
            self._system.mkdir(path, create_parents=False)  # True would create a bucket for a misspelt name
        self._folders.add(path)

    def _remove(self, name: str) -> None:
        if self._system.exists(f"{self._root}/{name}"):
            self._system.rm_file(f"{self._root}/{name}")
        self._stored.pop(name, None)


def _order(name: str) -> int:
    """Return the sort key of a file: uploads go by it, and deletions by its reverse."""
    base = name.rpartition("/")[2]
    if "/checkpoints/" in name:
        return 2 if base.endswith(".pt") else 4 if base == "latest.json" else 3
    return {"recipe.toml": 1, "status.json": 5}.get(base, 0)


def _stamp(path: Path) -> Stamp:
    status = path.stat()
    return status.st_size, status.st_mtime_ns
