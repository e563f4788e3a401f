"""Processes that change the same file of a folder take turns."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from filelock import FileLock


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Wait until no other process is in such a block of this folder; where a disk has no locks, do not wait."""
    if find_spec("fcntl") is None:  # Windows, which locks no folders
        with FileLock(folder / ".lock"):
            yield
        return
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # the folder's own lock needs no file, and a kill frees it
        yield
    finally:
        os.close(descriptor)
