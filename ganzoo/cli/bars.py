"""Bars of a run and of phases in the width that there is: nothing is cut, and what does not fit is a line below."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ganzoo.cli.lines import GAP, name_numbers, pack, show_speed, take_fitting
from ganzoo.data.progress import Phase
from ganzoo.results.durations import show_duration

SHORTEST, LONGEST = 10, 40
"""Columns of a bar."""


class Pace:
    """Time of work of known length: how long it has taken, and how long the rest will take."""

    def __init__(self, total: int, done: int = 0, begun: float | None = None) -> None:
        self.total = total
        self._begun = time.monotonic() if begun is None else begun
        self._done = done
        self._since: tuple[float, int] | None = None
        self._ended: float | None = None

    def reach(self, done: int) -> None:
        """Take how much is done. What comes before the first step, such as the compiler, is not in the pace."""
        self._done = done
        if self._since is None:
            self._since = (time.monotonic(), done)
        if done >= self.total:
            self._ended = time.monotonic()

    def tell(self, now: float | None = None) -> list[str]:
        """Return "97 s elapsed", and "12 min left" once it is known."""
        now = self._ended or (time.monotonic() if now is None else now)
        left = self.left(now)
        return [f"{show_duration(now - self._begun)} elapsed", *([f"{show_duration(left)} left"] if left else [])]

    def left(self, now: float) -> float | None:
        """Return the seconds that the rest will take; None while they are not known, or if nothing is left."""
        if self._since is None or self._done <= self._since[1] or self._done >= self.total:
            return None
        begun, first = self._since
        return (now - begun) / (self._done - first) * (self.total - self._done)


def draw_training(step: int, pace: Pace, record: Mapping[str, Any], width: int) -> Iterator[Table | Text]:
    """Yield the bar of a run, with its times and speed as far as they fit, and the rest in lines below."""
    title, items = f"step {step}/{pace.total}", [item for item in (*pace.tell(), show_speed(record)) if item]
    fitting = take_fitting(items, width - len(title) - len(GAP) - SHORTEST)
    yield draw_line(title, (step, pace.total), items[:fitting], width)
    for text in pack([*items[fitting:], *name_numbers(record)], width):
        yield Text(text, no_wrap=True, overflow="crop")


def draw_phase(phase: Phase, now: float, width: int) -> Table:
    """Return the bar of a phase in one line: its name, which may be cut, how much is done, and a time."""
    items = list(_tell_amounts(phase, now))
    items = items[: max(take_fitting(items, width - 1), 1)]
    room = width - sum(len(GAP) + len(item) for item in items)
    most = max(room - bool(phase.total) * (len(GAP) + SHORTEST), min(room, SHORTEST), 1)
    title = phase.what if len(phase.what) <= most else phase.what[: most - 1] + "…"
    return draw_line(title, (phase.done, phase.total or 0), items, width)


def draw_line(title: str, amounts: tuple[int, int], items: Sequence[str], width: int) -> Table:
    """Return a line of a title, a bar in the columns that are free, and items; no bar without a total or columns."""
    line = Table.grid(padding=(0, len(GAP), 0, 0), pad_edge=False)
    columns: list[Any] = [Text(title, no_wrap=True)]
    free = width - len(title) - len(GAP) - sum(len(GAP) + len(item) for item in items)
    if amounts[1] and free >= 3:
        columns.append(ProgressBar(total=amounts[1], completed=amounts[0], width=min(LONGEST, free)))
    line.add_row(*columns, *(Text(item, no_wrap=True) for item in items))
    return line


def tell_phase(phase: Phase, now: float) -> str:
    """Return how far a phase is, as one line."""
    return f"{phase.what}: {GAP.join(_tell_amounts(phase, now))}"


def _tell_amounts(phase: Phase, now: float) -> Iterator[str]:
    """Yield how much is done, and the time that is left, or else has passed."""
    spent = now - phase.begun
    if phase.unit == "bytes":
        yield f"{phase.done / 1e6:,.0f} MB"
    elif phase.unit:
        yield f"{phase.done:,}/{phase.total:,} {phase.unit}" if phase.total else f"{phase.done:,} {phase.unit}"
    if phase.total and 0 < phase.done < phase.total:
        yield f"{show_duration(spent / phase.done * (phase.total - phase.done))} left"
    else:
        yield show_duration(spent)
