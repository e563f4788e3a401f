"""Signals that end a process: until it has made something that is worth keeping, they end it at once and in silence.

A KeyboardInterrupt can be lost in an import, a library or a plugin that catches everything; the end of the process
cannot. `runs.signals` takes over while a run trains, and `grid.run` while cells run.
"""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals that end a process; Windows has no SIGHUP."""
STDERR = 2
SHOW_CURSOR = b"\x1b[?25h"  # a progress bar hides it
_made: list[tuple[Path, bool]] = []
"""New folders that mean nothing yet, and whether what they hold is this process's alone."""


def end_on_signals() -> None:
    """End the process at once when a signal of ENDING comes, with exit code 128 + signal; 130 for Ctrl-C.

    A signal that is ignored stays ignored, as under nohup. Outside the main thread Python allows no handlers.
    """
    if threading.current_thread() is threading.main_thread():
        for number in ENDING:
            if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
                signal.signal(number, end)


def end(number: int, frame: FrameType | None) -> None:
    """Remove what means nothing yet, and end the process."""
    for folder, is_ours in reversed(_made):
        with suppress(OSError):
            shutil.rmtree(folder) if is_ours else folder.rmdir()
    with suppress(OSError):
        if os.isatty(STDERR):
            os.write(STDERR, SHOW_CURSOR)
    os._exit(128 + number)


@contextmanager
def removed_at_the_end(folder: Path, *, is_ours: bool = False) -> Iterator[None]:
    """Remove a new folder if a signal ends the process meanwhile, unless `keep` is called before.

    It is removed if it is empty; or with all that it holds if no other process writes there.
    """
    _made.append((folder, is_ours))
    try:
        yield
    finally:
        with suppress(ValueError):
            _made.remove((folder, is_ours))


def keep() -> None:
    """Keep what was made so far, whatever comes."""
    _made.clear()
