"""What a worker of a cluster does with a cell. It imports this module alone, and need not wait for torch."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ganzoo.builtin.engines.storage import Mirror
from ganzoo.cells import Cell, Ending, execute

ATTEMPTS = 5
"""At the last upload of a cell, with twice the pause after each: about half a minute."""


def run_cell(cell: Cell, share: Mapping[str, str], storage: str, every: float, directory: str) -> Ending:
    """Run one cell on whichever node this is; a run that an earlier attempt began goes on."""
    if Path(directory).is_dir():
        os.chdir(directory)  # where the grid was begun: paths of recipes and data may be relative to it
    cell = replace(cell, program=(sys.executable, *cell.program[1:]))
    return _run_stored(cell, share, storage, every) if storage else execute(cell, share)


def _run_stored(cell: Cell, share: Mapping[str, str], storage: str, every: float) -> Ending:
    """Run a cell in a folder of this node, and keep the storage up to date."""
    with tempfile.TemporaryDirectory(prefix="ganzoo-") as place:
        here = replace(cell, folder=Path(place, "cells", cell.name), log=Path(place, "logs", cell.log.name))
        mirror = Mirror(storage, here)
        mirror.fetch()
        try:
            ending = execute(here, share, _Uploads(mirror, here.log, every))
        except BaseException:  # cancelled: what the run saved is not to be lost
            mirror.push()
            raise
        return _store(mirror, ending)


class _Uploads:
    """Asked all the time whether to stop the run, which it never wants; uploads now and then instead."""

    def __init__(self, mirror: Mirror, log: Path, every: float) -> None:
        self._mirror, self._log, self._every = mirror, log, every
        self._last = time.monotonic()

    def __call__(self) -> bool:
        if time.monotonic() - self._last > self._every:
            try:
                self._mirror.push()
            except Exception as error:  # each file system has errors of its own; the next upload has it all
                with self._log.open("a", encoding="utf-8") as log:
                    log.write(f"note: not uploaded: {type(error).__name__}: {error}\n")
            self._last = time.monotonic()
        return False


def _store(mirror: Mirror, ending: Ending) -> Ending:
    """Upload what a cell has come to; a failure is its ending if it lasts."""
    for attempt in range(ATTEMPTS):
        try:
            mirror.push()
        except Exception as error:  # each file system has errors of its own
            reason = f"{ending.state}, but not uploaded: {type(error).__name__}: {error}"
            time.sleep(2.0**attempt)
        else:
            return ending
    return replace(ending, state="failed", reason=reason)
