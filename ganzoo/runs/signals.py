"""Signals that stop or checkpoint a run, obeyed between two steps and never within one."""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any

from ganzoo.runs.interrupts import ENDING, end, keep
from ganzoo.training.loop import Command
from ganzoo.training.ranks import SINGLE, Ranks

_SAVING = getattr(signal, "SIGUSR1", None)  # Windows has none


class Interrupts:
    """A context in which signals are noted: the first SIGINT, SIGTERM or SIGHUP in `ending`, SIGUSR1 in `save_wanted`.

    A second ending signal ends the process at once; a second SIGINT at a prompt or in a notebook, the code that was
    typed there. Handlers that were there before are called too, and restored on exit. A signal that was ignored stays
    ignored, as under nohup. Outside the main thread Python allows no handlers, and nothing is noted. A signal to one of
    several ranks counts for all of them.
    """

    def __init__(self, ranks: Ranks = SINGLE) -> None:
        self._ranks = ranks
        self.ending: int | None = None
        self.obeyed: int | None = None
        """Signal that stopped the run, on whichever rank it was noted."""
        self.save_wanted = False
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            for number in (*ENDING, *([_SAVING] if _SAVING else [])):
                if signal.getsignal(number) not in (signal.SIG_IGN, None):  # None: not Python's to restore
                    self._previous[number] = signal.signal(number, self._note)
        keep()  # a signal is obeyed between two steps from here on
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def command(self) -> Command:
        """Return what the signals so far ask of the loop. Waits for all ranks, which get the same answer."""
        wanted, self.save_wanted = self.save_wanted, False
        ending, saving = self._ranks.maximum(self.ending or 0, int(wanted))
        self.obeyed = ending or None
        return Command.STOP if ending else Command.SAVE if saving else Command.GO_ON

    def _note(self, number: int, frame: FrameType | None) -> None:
        previous = self._previous.get(number)
        if callable(previous) and previous not in (signal.default_int_handler, end):
            previous(number, frame)
        if number == _SAVING:
            self.save_wanted = True
        elif self.ending is None:
            self.ending = number
        elif number == signal.SIGINT and _is_typed_at():
            raise KeyboardInterrupt  # whoever typed the code keeps what else is in memory
        else:
            os._exit(128 + number)  # checkpoints are whole at any moment


def _is_typed_at() -> bool:
    """Return whether somebody types code into this process: in a notebook, or at a prompt of Python or IPython."""
    return hasattr(sys, "ps1") or ("IPython" in sys.modules and sys.modules["IPython"].get_ipython() is not None)
