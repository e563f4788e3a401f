"""Progress of a grid, where a notebook or somebody at a prompt watches it."""

from __future__ import annotations

import html
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ganzoo.api.display import is_in_notebook, is_interactive
from ganzoo.api.progress import update, write
from ganzoo.errors import GanzooError
from ganzoo.grid.run import GridObserver
from ganzoo.results.comparison import make_table
from ganzoo.results.durations import show_duration
from ganzoo.results.read import read_results


def choose_grid_observer(progress: bool | None) -> GridObserver:
    """Return who is told: the notebook, else a prompt or whoever asks for lines; a script shows nothing by itself."""
    if progress is False:
        return GridObserver()
    if is_in_notebook():
        return NotebookGrid()
    return TextGrid() if progress or is_interactive() else GridObserver()


class TextGrid(GridObserver):
    """A line on stderr for each cell that ended."""

    def __init__(self) -> None:
        self.path = Path()
        self.count, self.present = 0, 0
        self.endings: dict[str, Any] = {}
        self.begun = time.monotonic()

    def start(self, grid: Any, missing: Sequence[Any], present: int) -> None:
        """Say how many cells are to run."""
        self.path, self.count, self.present, self.begun = grid.path, len(missing), present, time.monotonic()
        noun = "cell" if len(missing) == 1 else "cells"
        self.show(f"{len(missing)} {noun} to run, {present} there already  ->  {grid.path}")

    def end(self, cell: Any, ending: Any) -> None:
        """Say how a cell ended."""
        self.endings[cell.name] = ending
        reason = f": {ending.reason}" if ending.reason else ""
        place = f"{len(self.endings)} of {self.count}"
        self.show(f"{place}: {cell.name} {ending.state} in {show_duration(ending.seconds)}{reason}")

    def show(self, line: str) -> None:
        """Write a line."""
        write(line)


class NotebookGrid(TextGrid):
    """A bar, the cell that ended last, and the table so far, below the cell of the notebook."""

    def __init__(self) -> None:
        super().__init__()
        self._handle: Any = None

    def show(self, line: str) -> None:
        """Update what the notebook shows; once all cells have ended, the grid itself shows its table."""
        done, whole = self.present + len(self.endings), self.present + self.count
        bar = f'<progress value="{done}" max="{max(whole, 1)}" style="width:100%"></progress>'
        spent = show_duration(time.monotonic() - self.begun)
        head = f"<div>{done} of {whole} cells, {spent}; {html.escape(line)}</div>"
        self._handle = update(self._handle, bar + head + (self._draw_table() if done < whole else ""))

    def _draw_table(self) -> str:
        with suppress(GanzooError):  # no score yet, or protocols that may not be ranked together
            if self.endings:
                return make_table(read_results(self.path))._repr_html_()
        return ""
