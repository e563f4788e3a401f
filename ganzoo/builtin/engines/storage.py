"""A cell's files on storage that no worker has mounted: fetched before it runs, kept up to date while it does.

    STORAGE/cells/NAME/...      the run folder
    STORAGE/logs/NAME.log       what its process said

A worker may be killed between any two files, so they are written in an order in which what is there can be resumed:
a log before the checkpoint that it belongs to, a state before its sidecar, and the sidecar before what points to it.
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
"""Size in bytes and time of the last change in ns: other bytes, another stamp."""


def open_storage(url: str) -> tuple[Any, str]:
    """Return the file system and the path of a URL. Raises ConfigError, or PluginError if its package is missing."""
    from fsspec.core import url_to_fs  # type: ignore[import-untyped]  # not at the top: every run loads the engines

    try:
        system, root = url_to_fs(url)
    except ImportError as error:
        raise PluginError(f"storage {url}: {error}", hint="install that package here and on every node") from error
    except ValueError as error:
        raise ConfigError(f"storage {url!r}: {error}", hint="s3://bucket/grid, or file:///mount/grid") from error
    return system, root.rstrip("/")


class Mirror:
    """The files of one cell, here and on the storage."""

    def __init__(self, url: str, cell: Cell) -> None:
        self._system, self._root = open_storage(url)
        self._cell = cell
        self._folders: set[str] = set()
        self._stored: dict[str, Stamp] = {}
        """Stamps of the files here when they were fetched or stored last."""

    def open(self) -> None:
        """Make the folder of the storage. Raises what its file system does where that cannot be."""
        self._make_folder(self._root)

    def read_state(self) -> str:
        """Return the state that the stored run is in; empty if there is no run."""
        self._system.invalidate_cache()
        if not self._system.exists(f"{self._root}/{self._folder}/recipe.toml"):
            return ""
        try:
            status: dict[str, str] = json.loads(self._system.cat_file(f"{self._root}/{self._folder}/status.json"))
        except FileNotFoundError:  # killed before it was written
            return "running"
        return status["state"]

    def fetch(self) -> None:
        """Make what is here what is stored."""
        stored = {}
        for name in self._list_stored():
            path = self._path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, self._system.cat_file(f"{self._root}/{name}"))
            stored[name] = _stamp(path)
        for name, path in self._list_here():
            if name not in stored:
                path.unlink()
        self._stored = stored

    def push(self) -> None:
        """Make what is stored what is here, but for what the run writes meanwhile."""
        here: dict[str, Stamp] = {}
        for name, path in self._list_here():
            with suppress(FileNotFoundError):  # rotated away since it was listed
                here[name] = _stamp(path)
        for name in sorted(here, key=_rank):
            if here[name] != self._stored.get(name):
                self._store(name, here[name])
        for name in sorted(self._stored.keys() - here.keys(), key=_rank, reverse=True):
            self._remove(name)

    def discard(self) -> None:
        """Delete what is stored."""
        for name in sorted(self._list_stored(), key=_rank, reverse=True):
            self._remove(name)

    @property
    def _folder(self) -> str:
        return f"cells/{self._cell.name}"

    @property
    def _log(self) -> str:
        return f"logs/{self._cell.name}.log"

    def _path(self, name: str) -> Path:
        return self._cell.log if name == self._log else self._cell.folder / name.removeprefix(f"{self._folder}/")

    def _list_here(self) -> Iterator[tuple[str, Path]]:
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
        except FileNotFoundError:  # rotated away since it was listed
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
        """Make a folder of the storage; what the storage itself lies in, such as a bucket, must be there."""
        if path in self._folders:
            return
        if path != self._root:
            self._make_folder(path.rpartition("/")[0])
        with suppress(FileExistsError):
            self._system.mkdir(path, create_parents=False)  # with True, a slip of the pen makes a bucket
        self._folders.add(path)

    def _remove(self, name: str) -> None:
        if self._system.exists(f"{self._root}/{name}"):
            self._system.rm_file(f"{self._root}/{name}")
        self._stored.pop(name, None)


def _rank(name: str) -> int:
    """Order in which files are stored; the reverse is the order in which they are deleted."""
    base = name.rpartition("/")[2]
    if "/checkpoints/" in name:
        return 2 if base.endswith(".pt") else 4 if base == "latest.json" else 3
    return {"recipe.toml": 1, "status.json": 5}.get(base, 0)


def _stamp(path: Path) -> Stamp:
    status = path.stat()
    return status.st_size, status.st_mtime_ns
