"""Progress of a run and of a grid, where a notebook or somebody at a prompt watches it."""

from __future__ import annotations

import html
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from PIL import Image

from ganzoo.api.display import draw_page, draw_picture, is_in_notebook, is_interactive, show_now
from ganzoo.results.durations import show_duration
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.observer import Observer
from ganzoo.runs.sample_batch import enlarge

_EVERY = 0.5
"""Seconds between two updates of what a notebook shows."""
_MOST_NOTES = 8


def choose_observer(progress: bool | None) -> Observer:
    """Return who is told: the notebook, else a prompt or whoever asks for lines; a script shows nothing by itself."""
    if progress is False:
        return Observer()
    if is_in_notebook():
        return NotebookProgress()
    return TextProgress() if progress or is_interactive() else Observer()


class Progress(Observer):
    """Knowledge of a run while it trains: its length, its newest numbers, its remarks."""

    def __init__(self) -> None:
        self.title, self.path = "", Path()
        self.steps, self.first, self.now = 0, 0, 0
        self.last: Mapping[str, Any] = {}
        self.score = ""
        self.notes: list[str] = []
        self.begun = time.monotonic()

    def start(self, settings: Mapping[str, Any], path: Path, step: int) -> None:
        """Keep title and length of the run."""
        run = RunFolder(path).read_recipe()
        self.title = f"{run.title}, seed {run.train.seed}, {settings['train.device']}"
        self.steps, self.first, self.now, self.path = run.train.steps, step, step, path
        self.begun = time.monotonic()
        self.show(due=True)

    def step(self, step: int) -> None:
        """Keep the step."""
        self.now = step
        self.show(due=step == self.steps)

    def record(self, record: Mapping[str, Any]) -> None:
        """Keep the newest numbers."""
        self.last = record

    def evaluation(self, record: Mapping[str, Any]) -> None:
        """Keep the newest score while training; those at the end are shown with the run."""
        if "checkpoint" not in record:
            self.score = f"{record['name']} {record['value']:.4g} at step {record['step']:,}"

    def note(self, text: str) -> None:
        """Keep a remark."""
        self.notes = [*self.notes, text][-_MOST_NOTES:]
        self.show(due=True)

    def show(self, *, due: bool) -> None:
        """Show what is known; unless it is `due`, only if enough time has passed."""

    @property
    def left(self) -> str:
        """Time left, by the speed so far."""
        done = self.now - self.first
        if not done or self.now >= self.steps:
            return ""
        return f"{show_duration((time.monotonic() - self.begun) / done * (self.steps - self.now))} left"

    @property
    def numbers(self) -> str:
        """Losses and speed of the newest record."""
        if not self.last:
            return ""
        losses = f"loss D {self.last['d/adversarial']:.3g}, loss G {self.last['g/adversarial']:.3g}"
        logits = f"logit real {self.last['score/real']:.3g}, logit fake {self.last['score/fake']:.3g}"
        return f"{losses}, {logits}, {self.last['images_per_s']:,.0f} images/s"


class TextProgress(Progress):
    """A line on stderr for every twentieth of the run, or every ten seconds, and for each remark."""

    def __init__(self) -> None:
        super().__init__()
        self._shown_at, self._shown = time.monotonic(), 0

    def note(self, text: str) -> None:
        """Write a remark."""
        write(f"note: {text}")

    def show(self, *, due: bool) -> None:
        """Write a line."""
        if self.now == self.first:
            write(f"{self.title}  ->  {self.path}")
            return
        waited = time.monotonic() - self._shown_at
        if due or waited >= 10 or (self.now - self._shown >= self.steps / 20 and waited >= 1):
            self._shown_at, self._shown = time.monotonic(), self.now
            write(", ".join(filter(None, [f"step {self.now:,} of {self.steps:,}", self.left, self.numbers])))


def write(text: str) -> None:
    """Write a line to stderr, where somebody asked for it."""
    with suppress(OSError, ValueError):  # nobody reads it any more
        sys.stderr.write(text + "\n")


class NotebookProgress(Progress):
    """A bar with the newest numbers and the newest sample grid, below the cell that trains."""

    def __init__(self) -> None:
        super().__init__()
        self._shown_at, self._handle = 0.0, None
        self._drawn: tuple[Path, str] | None = None

    def show(self, *, due: bool) -> None:
        """Update what the notebook shows; what it shows last stays."""
        if not due and time.monotonic() - self._shown_at < _EVERY:
            return
        self._shown_at = time.monotonic()
        self._handle = update(self._handle, self._draw())

    def _draw(self) -> str:
        if not self.steps:
            return draw_page("preparing", "", [("note", note) for note in self.notes])
        state = ", ".join(filter(None, [f"step {self.now:,} of {self.steps:,}", self.left]))
        rows = [(state, ""), ("", self.numbers), ("score", self.score), *(("note", note) for note in self.notes)]
        bar = f'<progress value="{self.now}" max="{self.steps}" style="width:100%"></progress>'
        shown = [(word, text) for word, text in rows if (word and text) or word == state]
        numbers = f"<div>{html.escape(self.numbers)}</div>"
        return f"{bar}{draw_page(self.title, str(self.path), shown, self._newest_grid())}{numbers}"

    def _newest_grid(self) -> str:
        """Return the newest sample grid as HTML, encoded once."""
        grids = RunFolder(self.path).grids
        if grids and (self._drawn is None or self._drawn[0] != grids[-1]):
            with suppress(OSError), Image.open(grids[-1]) as picture:
                self._drawn = grids[-1], draw_picture(enlarge(picture.copy()), grids[-1].name)
        return self._drawn[1] if self._drawn else ""


def update(handle: Any, page: str) -> Any:
    """Show HTML below the cell, in place of what the handle shows; return the handle."""
    from IPython.display import HTML

    if handle is None:
        return show_now(page)
    handle.update(HTML(page))
    return handle
