"""Progress of work that may take long: whoever does it tells how far it is, and a command may show that.

The way from a command to the work leads through contracts, such as `Dataset.load`, which take no callbacks; so the
listener is that of the context in which the work runs. Without one, telling costs nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T", bound=Sized)

LOOK_EVERY = 0.5
"""Seconds between two looks at the size of a download."""


@dataclass(eq=False)
class Phase:
    """A piece of work that goes on: what it is, and how much of it is done."""

    what: str
    """Name in a few words that begin with a verb: "reading images"."""
    total: int | None = None
    """Amount of work; None if it is not known, or not counted."""
    unit: str = ""
    """Unit of the amounts: "images", "bytes"."""
    done: int = 0
    begun: float = field(default_factory=lambda: time.monotonic())


class Listener:
    """Callbacks of work that goes on; each does nothing unless a subclass overrides it."""

    def begin(self, phase: Phase) -> None:
        """Receive a phase that begins, perhaps within another."""

    def advance(self, phase: Phase) -> None:
        """Receive a phase of which more is done."""

    def finish(self, phase: Phase) -> None:
        """Receive a phase that has ended."""


_listener: ContextVar[Listener] = ContextVar("listener", default=Listener())  # noqa: B039  # it has no state


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Let a listener hear of all phases within the body."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


@contextmanager
def phase(what: str, total: int | None = None, unit: str = "") -> Iterator[Callable[[int], None]]:
    """Tell the listener of work that lasts as long as the body; yield the function that takes how much more is done."""
    listener, own = _listener.get(), Phase(what, total, unit)

    def advance(more: int) -> None:
        own.done += more
        listener.advance(own)

    listener.begin(own)
    try:
        yield advance
    finally:
        listener.finish(own)


def counted(parts: Iterable[T], what: str, total: int | None = None, unit: str = "images") -> Iterator[T]:
    """Yield parts, such as batches, and tell the listener how many things they hold."""
    with phase(what, total, unit) as advance:
        for part in parts:
            yield part
            advance(len(part))


@contextmanager
def growing(what: str, folder: Path) -> Iterator[None]:
    """Tell the listener of a download that lasts as long as the body: the bytes by which the files of a folder grow."""
    with phase(what, unit="bytes") as advance:
        stopped, first = Event(), _count_bytes(folder)

        def watch() -> None:
            told = 0
            while not stopped.wait(LOOK_EVERY):
                grown = max(_count_bytes(folder) - first, told)
                advance(grown - told)
                told = grown

        thread = Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stopped.set()
            thread.join()


def _count_bytes(folder: Path) -> int:
    """Return the size of the files in a folder and its folders, two levels deep: where downloads go."""
    sizes = 0
    for pattern in ("*", "*/*", "*/*/*"):
        for path in folder.glob(pattern):
            try:
                sizes += path.stat().st_size if path.is_file() else 0
            except OSError:  # renamed or deleted meanwhile
                continue
    return sizes
