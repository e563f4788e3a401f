"""A cell as a job: it runs, saves itself when the cluster takes its node or its time is up, and goes on later."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import ganzoo

GRACE = 60.0
"""Longest time in seconds that a run takes to save itself: `ganzoo.execute` kills it after 30."""
LOOK = 1.0
"""Seconds between two looks at whether the job should stop."""


@dataclass
class CellJob:
    """One cell, as plain values that a job receives."""

    cell: ganzoo.Cell
    environment: Mapping[str, str]
    directory: str
    """Folder in which the grid was started: paths of recipes and data may be relative to it."""
    stop_file: Path
    """File that tells all jobs of a grid to stop, once it exists; the file system is shared."""
    _leaves: threading.Event | None = field(default=None, init=False)
    _worker: threading.Thread | None = field(default=None, init=False)

    def __call__(self) -> ganzoo.Ending:
        """Run the cell, or go on with it, and return its ending.

        A thread waits for the run, so that this one can hear the signals of the cluster.
        """
        if Path(self.directory).is_dir():
            os.chdir(self.directory)
        cell = replace(self.cell, program=(sys.executable, *self.cell.program[1:]))
        leaves, endings = threading.Event(), list[ganzoo.Ending | OSError]()

        def work() -> None:
            try:
                stopped = _Stopped(leaves, self.stop_file)
                endings.append(ganzoo.execute(cell, self.environment, stopped))
            except OSError as error:
                endings.append(error)

        self._leaves, self._worker = leaves, threading.Thread(target=work, name=f"cell {cell.name}")
        self._worker.start()
        while self._worker.is_alive():
            self._worker.join(LOOK)
        if isinstance(endings[0], OSError):
            raise endings[0]
        return endings[0]

    def checkpoint(self) -> Any:
        """Let the run save itself, and return the job that goes on with it: submitit puts that into the queue again.

        submitit calls this when the job is preempted, and before its time is up.
        """
        from submitit.helpers import DelayedSubmission

        if self._leaves is not None and self._worker is not None:
            self._leaves.set()
            self._worker.join(GRACE)
        return DelayedSubmission(CellJob(self.cell, self.environment, self.directory, self.stop_file))


class _Stopped:
    """A function that returns whether a run should stop; `execute` asks it many times a second."""

    def __init__(self, leaves: threading.Event, stop_file: Path) -> None:
        self._leaves, self._stop_file, self._asked, self._clock = leaves, stop_file, False, 0

    def __call__(self) -> bool:
        if self._clock % 10 == 0:  # a file system that is shared is not asked each time
            self._asked = self._stop_file.exists()
        self._clock += 1
        return self._asked or self._leaves.is_set()
