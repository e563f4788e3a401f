"""Progress on stderr: bars on a terminal that can move its cursor, elsewhere a line now and then."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from ganzoo.cli.bars import Pace, draw_phase, draw_training, tell_phase
from ganzoo.cli.lines import name_numbers, pack, show_speed, wrap
from ganzoo.cli.output import choices, style
from ganzoo.cli.terminal import describe_score, terminal_width
from ganzoo.data.progress import Listener, Phase, listening
from ganzoo.results.durations import show_duration
from ganzoo.runs.observer import Observer
from ganzoo.settings.toml import from_tables, unflatten

EVERY = 10.0
"""Seconds between two lines of progress where there are no bars."""
PATIENCE = 0.5
"""Seconds after which a phase is shown: most are shorter."""


class StderrConsole(Console):
    """A console on stderr. If its reader has gone it falls silent, and the run goes on."""

    def __init__(self) -> None:
        self.has_color = choices().has_color(sys.stderr)
        super().__init__(stderr=True, no_color=not self.has_color, highlight=False)

    def on_broken_pipe(self) -> None:
        """Print nothing more."""
        self.quiet = True


def is_live() -> bool:
    """Return whether stderr is a terminal whose lines can be drawn again: no notebook, no log of CI, none that is dumb.

    TTY_INTERACTIVE=0, which rich knows too, asks for lines, as a screen reader may.
    """
    if os.environ.get("TERM", "") in ("dumb", "unknown") or os.environ.get("TTY_INTERACTIVE") == "0":
        return False
    if os.environ.get("LOCAL_RANK", "0") != "0":  # the first rank draws
        return False
    ci = os.environ.get("CI", "").lower() not in ("", "0", "false")
    return sys.stderr.isatty() and not ci and "JPY_PARENT_PID" not in os.environ


class Display(Observer, Listener):
    """Bars of what goes on, on a terminal; elsewhere a line for every twentieth of it, or every ten seconds."""

    def __init__(self, doing: str = "preparing") -> None:
        """Begin with a phase of this name, which lasts until a run starts."""
        self._output, self._console = choices(), StderrConsole()
        self._is_live = is_live() and not self._output.quiet
        self._width = terminal_width(sys.stderr)
        self._phases = [Phase(doing)]
        self._pace: Pace | None = None
        self._record: Mapping[str, Any] = {}
        self._step, self._shown, self._shown_at, self._log_every = 0, 0, time.monotonic(), 1
        self._live = Live(get_renderable=self._render, console=self._console, refresh_per_second=5)
        self._stack = ExitStack()

    def __enter__(self) -> Display:
        self._stack.enter_context(listening(self))
        if self._is_live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
        self._phases.clear()
        with suppress(OSError):  # the terminal may be closed
            self._live.transient = self._pace is None
            self._live.stop()

    def note(self, text: str) -> None:
        """Print a remark."""
        self._say(text, "note: ")

    # Work that goes on

    def begin(self, phase: Phase) -> None:
        """Show a phase, once it has lasted a while."""
        self._phases.append(phase)

    def advance(self, phase: Phase) -> None:
        """Print how far a phase is, if there are no bars and it takes long."""
        now = time.monotonic()
        if not self._is_live and now - max(phase.begun, self._shown_at) >= EVERY:
            self._shown_at = now
            self._say(tell_phase(phase, now))

    def finish(self, phase: Phase) -> None:
        """Take the bar of a phase away; say how long it took to whom wants to know all."""
        with suppress(ValueError):
            self._phases.remove(phase)
        if self._output.verbose:
            self._say(f"{phase.what}: {show_duration(time.monotonic() - phase.begun)}")

    # A run

    def start(self, settings: Mapping[str, Any], path: Path, step: int) -> None:
        """Print title, device and folder of the run, and start the bar."""
        run = from_tables(unflatten(settings))
        self._step = self._shown = step
        self._log_every = run.train.log_every
        self._pace = Pace(run.train.steps, step)
        self._shown_at = time.monotonic()
        del self._phases[:1]
        steps = f"steps {step:,} to {run.train.steps:,}" if step else f"{run.train.steps:,} steps"
        about = f"{run.title}: {steps}, seed {run.train.seed}, {run.train.device}, {run.train.precision}"
        self._say("\n".join((about, f"run folder: {path}")))
        if self._output.verbose:
            self._say("\n".join(f"  {key} = {value!r}" for key, value in sorted(settings.items())))

    def step(self, step: int) -> None:
        """Move the bar; print a line if it is time for one and no record of the step will come."""
        self._step = step
        if self._pace is not None:
            self._pace.reach(step)
        if step % self._log_every and self._is_due():
            self._tell_step()

    def record(self, record: Mapping[str, Any]) -> None:
        """Show the numbers of a step below the bar, or print them as a line if it is time for one."""
        self._record = record
        if self._output.verbose:
            self._say("\n".join(pack([f"step {record['step']}", *name_numbers(record, whole=True)], self._width)))
        if self._is_due():
            self._tell_step()

    def evaluation(self, record: Mapping[str, Any]) -> None:
        """Print a score while training; those at the end are printed with what they mean."""
        if "checkpoint" not in record:
            self._say(f"step {record['step']}: {record['name']} {describe_score(record)}")

    def _is_due(self) -> bool:
        """Return whether the present step is to be told as a line: a twentieth on, ten seconds later, or the last."""
        if self._is_live or self._pace is None or self._step <= self._shown:
            return False
        steps, seconds = self._step - self._shown, time.monotonic() - self._shown_at
        return steps >= self._pace.total / 20 or seconds >= EVERY or self._step >= self._pace.total

    def _tell_step(self) -> None:
        self._shown, self._shown_at = self._step, time.monotonic()
        if self._pace is not None:
            items = [f"step {self._step}/{self._pace.total}", *self._pace.tell(), show_speed(self._record)]
            self._say("\n".join(pack([*items, *name_numbers(self._record)], self._width)))

    def _render(self) -> Group:
        """Return the bar of the run with its numbers, and that of the phase that goes on."""
        width, now = self._console.width, time.monotonic()
        lasting = [phase for phase in self._phases if now - phase.begun >= PATIENCE]
        phases = [draw_phase(phase, now, width) for phase in lasting[-1:]]  # the innermost says most
        if self._pace is None:
            return Group(*phases)
        return Group(*draw_training(self._step, self._pace, self._record, width), *phases)

    def _say(self, text: str, title: str = "") -> None:
        """Print lines, unless the user wants results and errors only."""
        if self._output.quiet:
            return
        width = self._console.width if self._width is not None else None
        lines = [wrap(line, width) for line in (title + text).splitlines()]
        shown = "\n".join(lines)
        if title and self._console.has_color:
            shown = style(title.strip(), "note", sys.stderr) + shown.removeprefix(title.strip())
        with suppress(OSError):  # the terminal may be closed
            self._console.print(Text.from_ansi(shown), soft_wrap=True)


@contextmanager
def waiting(doing: str) -> Iterator[None]:
    """Show on a terminal that something goes on, which tells nothing of how far it is."""
    if not is_live() or choices().quiet:
        yield
        return
    with Display(doing):
        yield
