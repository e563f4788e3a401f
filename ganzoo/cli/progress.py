"""Progress of a run on stderr: a bar on a terminal, elsewhere a line now and then."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from ganzoo.cli.terminal import describe_score
from ganzoo.runs.observer import Observer

if TYPE_CHECKING:
    from ganzoo.training.loop import Training


class _Console(Console):
    """A console on stderr. If its reader has gone it falls silent, and the run goes on."""

    def __init__(self) -> None:
        super().__init__(stderr=True)

    def on_broken_pipe(self) -> None:
        self.quiet = True


class Display(Observer):
    """A progress bar on a terminal; elsewhere a line for every twentieth of the run, or every ten seconds."""

    def __init__(self) -> None:
        self._console = _Console()
        self._bar = Progress(
            TextColumn("step"), MofNCompleteColumn(), BarColumn(20), TimeElapsedColumn(), TextColumn("left"),
            TimeRemainingColumn(), TextColumn("{task.description}"),
            console=self._console, disable=not self._console.is_terminal, refresh_per_second=5,
        )  # fmt: skip
        self._steps, self._first, self._shown = 0, 0, 0
        self._start = self._shown_at = time.monotonic()

    def __enter__(self) -> Display:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # the terminal may be closed
            self._bar.stop()

    def note(self, text: str) -> None:
        """Print a remark."""
        self._print(f"note: {text}")

    def start(self, training: Training, path: Path) -> None:
        """Print title, device and folder of the run, and start the bar."""
        self._steps, self._first = training.run.train.steps, training.step
        self._start = self._shown_at = time.monotonic()
        device, seed = training.gan.device, training.run.train.seed
        self._print(f"{training.run.title}  seed {seed}, {device.torch_device.type} {device.precision}  ->  {path}")
        self._task = self._bar.add_task("", total=self._steps, completed=training.step)
        self._bar.start()

    def step(self, step: int) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=step)

    def record(self, record: Mapping[str, Any]) -> None:
        """Show the numbers of a step beside the bar, or print them as a line."""
        self._bar.update(self._task, description=_describe(record))
        now = time.monotonic()
        due = record["step"] - self._shown >= self._steps / 20 or now - self._shown_at >= 10
        if not self._console.is_terminal and (due or record["step"] == self._steps):
            self._shown, self._shown_at = record["step"], now
            left = (now - self._start) / (record["step"] - self._first) * (self._steps - record["step"])
            self._print(f"step {record['step']}/{self._steps}  {_describe(record)}  {left:.0f} s left")

    def evaluation(self, record: Mapping[str, Any]) -> None:
        """Print a score while training."""
        score = f"{record['name']} {describe_score(record)}"
        self._print(f"step {record['step']}/{self._steps}  {score}")

    def _print(self, text: str) -> None:
        with suppress(OSError):  # the terminal may be closed
            self._console.print(text, markup=False, highlight=False, soft_wrap=True)


def _describe(record: Mapping[str, Any]) -> str:
    penalty = f" penalty {record['d/penalty']:.3g}" if record["d/penalty"] else ""
    losses = f"D {record['d/adversarial']:.3g} G {record['g/adversarial']:.3g}{penalty}"
    scores = f"D(x) {record['score/real']:.2f} D(G(z)) {record['score/fake']:.2f}"
    return f"{losses}  {scores}  {record['images_per_s']:.0f} images/s"
