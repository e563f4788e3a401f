"""Cells as they run: the phase of each, how far it is, and the time that the rest of a grid takes. No torch here."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ganzoo.cells import Cell, Ending
from ganzoo.errors import GanzooError
from ganzoo.runs.records import read_last_log_record, read_status

CellPhase = Literal["starting", "training", "scoring"]


@dataclass
class Watched:
    """A cell that runs, as it was seen last."""

    cell: Cell
    begun: float
    """Time at which it was first seen, in seconds of a monotonic clock."""
    phase: CellPhase = "starting"
    step: int = 0
    steps: int = 0
    first: tuple[float, int] | None = None
    """Time and step at which training was first seen."""
    seen: float = 0.0

    def look(self, now: float) -> None:
        """Read phase and step from the files of the run; what cannot be read stays as it was."""
        self.seen = now
        try:
            status = read_status(self.cell.folder)
            record = read_last_log_record(self.cell.folder)
        except GanzooError:  # it is being written, or the cell itself says more
            return
        if status is None or status.state not in ("running", "complete"):  # an attempt before was stopped
            return
        self.step, self.steps = max(status.step, record.get("step", 0)), status.steps
        self.phase = "scoring" if status.state == "complete" else "training"
        if self.first is None and self.step:
            self.first = (now, self.step)

    @property
    def seconds_per_step(self) -> float | None:
        """Pace of training so far; None before two steps were seen at different times."""
        if self.first is None or self.step <= self.first[1]:
            return None
        return (self.seen - self.first[0]) / (self.step - self.first[1])

    @property
    def left(self) -> float | None:
        """Seconds of training that are left; None while the pace is not known."""
        if self.phase == "scoring":
            return 0.0
        pace = self.seconds_per_step
        return None if pace is None else pace * (self.steps - self.step)

    @property
    def total(self) -> float | None:
        """Seconds of the whole cell, by its pace; None while that is not known."""
        return None if self.left is None else self.seen - self.begun + self.left

    @property
    def share(self) -> float:
        """Share of the training that is done, in [0, 1]."""
        return self.step / self.steps if self.steps else 0.0


class GridWatch:
    """The cells of a grid that are to run: those that have ended, those that run, and those that wait."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self.cells = cells
        self.ended: dict[str, Ending] = {}
        self._running: dict[str, Watched] = {}
        self._since = time.time()

    def end(self, cell: Cell, ending: Ending) -> None:
        """Take a cell that has ended."""
        self.ended[cell.name] = ending
        self._running.pop(cell.name, None)

    def look(self) -> list[Watched]:
        """Read the files of the cells that have begun and not ended, and return them."""
        now = time.monotonic()
        for cell in self.cells:
            if cell.name not in self.ended and cell.name not in self._running and self._is_begun(cell):
                self._running[cell.name] = Watched(cell, now)
        running = list(self._running.values())
        for watched in running:
            watched.look(now)
        return running

    def _is_begun(self, cell: Cell) -> bool:
        try:
            return cell.log.stat().st_mtime >= self._since - 1  # file systems round
        except OSError:
            return False

    @property
    def waiting(self) -> int:
        """Number of cells that have not begun."""
        return len(self.cells) - len(self.ended) - len(self._running)

    @property
    def share(self) -> float:
        """Share of the grid that is done, in [0, 1]; running cells count by their steps."""
        done = len(self.ended) + sum(watched.share for watched in self._running.values())
        return done / len(self.cells) if self.cells else 1.0

    def seconds_left(self) -> float | None:
        """Return the time that all cells together will take; None before one has shown its pace."""
        running = list(self._running.values())
        totals = [ending.seconds for ending in self.ended.values() if ending.state == "complete"]
        totals += [total for watched in running if (total := watched.total) is not None]
        if not totals or not running:
            return None
        mean, now = sum(totals) / len(totals), time.monotonic()
        lefts = [max(mean - (now - w.begun), 0.0) if w.left is None else w.left for w in running]
        return max(max(lefts), (sum(lefts) + mean * self.waiting) / len(running))
