"""Errors that are no bug of ganzoo: memory that ended, output that nobody takes, the code of a plugin."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from ganzoo.errors import FolderError, GanzooError, ResourceError, is_out_of_memory

if TYPE_CHECKING:
    from ganzoo.zoo.catalogue import Zoo

_OUTPUT = {"click.utils", "click._compat", "rich.console"}
"""Modules that write to the terminal."""


_NEED_LESS = {
    "evaluate": "--batch-size 16, or --samples 1000",
    "sample": "-n 16, or --folder (which holds one batch in memory)",
}
"""Command -> flags with which it needs less memory."""


def explain(error: BaseException, zoos: Sequence[Zoo] = (), command: str = "") -> GanzooError | None:
    """Return the error for the user, or None for a bug, which keeps its traceback.

    `zoos` are those in use, and `command` is the name of the one that was typed.
    """
    if is_out_of_memory(error):
        where, hint = str(error).partition("\n")[0][:200], _NEED_LESS.get(command, "a machine with more memory")
        return ResourceError("out of memory", where=where, hint=hint)
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        name = str(error.filename or "")
        return FolderError("the name of a file or folder is too long", where=f"{name[:60]}...", hint="a shorter name")
    if isinstance(error, OSError) and _is_of_output(error):
        silence()
        return ResourceError(f"cannot write the output: {error.strerror or error}")
    for zoo in zoos:
        from ganzoo.zoo import faults  # it is loaded already

        if found := faults.explain(error, zoo):
            return found
    return None


def silence() -> None:
    """Let nothing more be written to stdout, also not what is still in its buffer."""
    with suppress(OSError, ValueError, AttributeError):  # it is closed, or was replaced
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _is_of_output(error: OSError) -> bool:
    """Return whether an error came from writing to the terminal: the innermost frame is one of its writers."""
    frames = [frame.f_globals.get("__name__") for frame, _ in traceback.walk_tb(error.__traceback__)]
    return error.filename is None and bool(frames) and frames[-1] in _OUTPUT
