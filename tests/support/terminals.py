"""A real terminal of a given size: a command runs in it, and what its screen shows is read by an emulator."""

import os
import sys
from pathlib import Path

import pexpect
import pyte

from support.checkout import ROOT

NOT_OURS = ("CI", "FORCE_COLOR", "NO_COLOR", "COLUMNS", "LINES", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "JPY_PARENT_PID")


class Watched:
    """A command in a terminal of `columns` x 24."""

    def __init__(self, words, columns, **variables):
        environment = {key: value for key, value in os.environ.items() if key not in NOT_OURS}
        environment |= {"TERM": "xterm-256color", "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "OMP_NUM_THREADS": "1"}
        words = [str(word) for word in words]
        self.columns, self.written = columns, b""
        self._screen = pyte.Screen(columns, 24)
        self._stream = pyte.ByteStream(self._screen)
        self._process = pexpect.spawn(
            sys.executable, words, dimensions=(24, columns), env=environment | variables, timeout=240
        )

    def lines(self):
        """Lines of the screen as they are now."""
        return [line.rstrip() for line in self._screen.display if line.strip()]

    def screens(self):
        """Yield the lines of the screen whenever it has changed, until the command ends."""
        before = None
        while True:
            try:
                self._feed(self._process.read_nonblocking(65536, 0.05))
            except pexpect.TIMEOUT:
                pass
            except pexpect.EOF:
                self._process.close()
                yield self.lines()
                return
            if self.lines() != before:
                before = self.lines()
                yield before

    def resize(self, columns):
        """Make the terminal wider or narrower."""
        self.columns = columns
        self._screen.resize(24, columns)
        self._process.setwinsize(24, columns)

    def _feed(self, data):
        self.written += data
        self._stream.feed(data)

    @property
    def code(self):
        """Exit code, once the command has ended."""
        return self._process.exitstatus

    @property
    def shows_cursor(self):
        return not self._screen.cursor.hidden


def watch(words, columns, **variables):
    """All screens of a command, and the command."""
    watched = Watched(words, columns, **variables)
    return list(watched.screens()), watched


PLAYED = Path(__file__).with_name("played_run.py")
"""A run without networks: the display of one, which needs no torch."""
