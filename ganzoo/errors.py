"""Errors that a user can act on, each with its exit code. Any other error is a bug and keeps its traceback."""

from __future__ import annotations

import errno
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Explained(BaseException):
    """An end of a command that the user is told in up to three parts: what happened, where, and what to type next."""

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what, self.where, self.hint = what, where, hint

    def __str__(self) -> str:
        where = f"\n  where: {self.where}" if self.where else ""
        hint = f"\n  try:   {self.hint}" if self.hint else ""
        return self.what + where + hint

    def _render_traceback_(self) -> list[str]:
        """Return the lines that a notebook shows: the line of the user's own code, then the three parts."""
        package, own = str(Path(__file__).parent), None
        for frame in traceback.extract_tb(self.__traceback__):
            is_cell = "ipykernel_" in frame.filename or frame.filename.startswith("<")
            if is_cell or not frame.filename.startswith((package, sys.prefix, sys.base_prefix)):
                own = frame
        place = [f"line {own.lineno}: {own.line}", ""] if own and own.line else []
        return [*place, *f"{type(self).__name__}: {self}".splitlines()]


class GanzooError(Explained, Exception):
    """An error for the user, in up to three parts: what happened, where, and what to type next."""


class ConfigError(GanzooError):
    """A setting is unknown, out of range, or does not fit together with another."""

    exit_code = 2


class DataError(GanzooError):
    """A dataset is missing, damaged, or unsuitable for the run."""

    exit_code = 3


class PluginError(GanzooError):
    """A plugin that was asked for cannot be loaded, or breaks its contract."""

    exit_code = 4


class CheckpointError(GanzooError):
    """No checkpoint can be used: it is missing, damaged, or of another recipe."""

    exit_code = 5


class DivergedError(GanzooError):
    """A loss or a weight is no longer finite."""

    exit_code = 6


class EvaluationError(GanzooError):
    """A score cannot be computed: no weights, too few images, or images that the extractor cannot read."""

    exit_code = 7


class GridError(GanzooError):
    """A grid is finished, but some of its cells diverged, failed or ran out of time."""

    exit_code = 8


class ResourceError(GanzooError):
    """A disk, memory or a device is missing or too small."""

    exit_code = 9


class FolderError(GanzooError):
    """A run folder is in use, exists already, or cannot be written."""

    exit_code = 10


class RunInterrupted(Explained, KeyboardInterrupt):  # it is no error: the run was told to end
    """A signal ended the run after it had saved a checkpoint; the exit code is 128 + the signal.

    Like Ctrl-C it is no Exception: code around a run that catches those and goes on would not obey the signal.
    """

    def __init__(self, what: str, *, signal: int, where: str = "", hint: str = "") -> None:
        super().__init__(what, where=where, hint=hint)
        self.exit_code = 128 + signal


class DamageWarning(UserWarning):
    """A file of a run or of a grid is damaged; what is asked for is done without it."""


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error is one of the ways in which Python, numpy, torch and the system say that memory ended."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if kinds & {"MemoryError", "OutOfMemoryError"}:  # that of numpy is a MemoryError; torch is not imported here
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _OUT_OF_MEMORY)


_OUT_OF_MEMORY = ("can't allocate memory", "not enough memory", "bad_alloc", "create a primitive", "new thread")
"""Words of torch, of C++, of oneDNN and of Python about memory that ended."""


@contextmanager
def explain_memory(hint: str) -> Iterator[None]:
    """Raise one ResourceError for all the ways in which memory runs out; `hint` says what needs less of it."""
    try:
        yield
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise ResourceError("out of memory", where=str(error).partition("\n")[0][:200], hint=hint) from error
