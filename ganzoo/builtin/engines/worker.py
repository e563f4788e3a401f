"""Run a cell on a worker of a cluster. A worker imports no other module of ganzoo, so it need not wait for torch."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ganzoo.builtin.engines.storage import CellStorage
from ganzoo.cells import Cell, Ending, execute

ATTEMPTS = 5
"""Attempts at the last upload of a cell; the pause doubles after each, so that they take about half a minute."""


def run_cell(cell: Cell, environment: Mapping[str, str], url: str, every: float, directory: str) -> Ending:
    """Run one cell on this node; a run that an earlier attempt began goes on.

    With a storage `url` its files are uploaded every `every` seconds. `directory` is where the grid was started.
    """
    if Path(directory).is_dir():
        os.chdir(directory)  # paths of recipes and data may be relative to it
    cell = replace(cell, program=(sys.executable, *cell.program[1:]))
    return _run_stored(cell, environment, url, every) if url else execute(cell, environment)


def _run_stored(cell: Cell, environment: Mapping[str, str], url: str, every: float) -> Ending:
    """Run a cell in a temporary folder of this node, and upload its files."""
    with tempfile.TemporaryDirectory(prefix="ganzoo-") as folder:
        here = replace(cell, folder=Path(folder, "cells", cell.name), log=Path(folder, "logs", cell.log.name))
        storage = CellStorage(url, here)
        storage.download()
        try:
            ending = execute(here, environment, _Uploader(storage, here.log, every))
        except BaseException:  # cancelled: what the run saved is not to be lost
            storage.upload()
            raise
        return _finish_upload(storage, ending)


class _Uploader:
    """Upload the files of a run every few seconds, each time `execute` asks whether to stop it. Never stop it."""

    def __init__(self, storage: CellStorage, log: Path, every: float) -> None:
        self._storage, self._log, self._every = storage, log, every
        self._last = time.monotonic()

    def __call__(self) -> bool:
        if time.monotonic() - self._last > self._every:
            try:
                self._storage.upload()
            except Exception as error:  # each file system has errors of its own; the next upload takes all files
                with self._log.open("a", encoding="utf-8") as log:
                    log.write(f"note: not uploaded: {type(error).__name__}: {error}\n")
            self._last = time.monotonic()
        return False


def _finish_upload(storage: CellStorage, ending: Ending) -> Ending:
    """Upload the files of a cell that has ended; return "failed" as its ending if every attempt fails."""
    for attempt in range(ATTEMPTS):
        try:
            storage.upload()
        except Exception as error:  # each file system has errors of its own
            reason = f"{ending.state}, but not uploaded: {type(error).__name__}: {error}"
            time.sleep(2.0**attempt)
        else:
            return ending
    return replace(ending, state="failed", reason=reason)
