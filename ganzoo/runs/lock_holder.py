"""The process that holds the lock of a run folder, by name: status.json may still have that of one before it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ganzoo.runs.records import Status

_LOCKS = Path("/proc/locks")
"""Locks of this machine on Linux, one a line: number, FLOCK, ADVISORY, WRITE, pid, device:inode, first, last byte."""


def name_holder(lock: Path, status: Status | None) -> str:
    """Return words for the process that holds a lock file; `status` is that of the run.

    The status says whose it is only if a living process of this machine, or none here, can be the one that wrote it.
    """
    here, (pid, host) = socket.gethostname(), (status.pid, status.host) if status else (None, "")
    since = status.time.isoformat() if status and status.time else "an unknown time"
    if holders := list(_find_holders(lock)):
        return f"pid {pid} on {here} since {since}" if pid in holders else f"pid {holders[0]} on {here}"
    if isinstance(pid, int) and (host != here or _is_alive(pid)):
        return f"another process, perhaps pid {pid} on {host} since {since}"
    return "another process"


def is_abandoned(lock: Path, status: Status | None) -> bool:
    """Return whether a run says that it is running, but no process of this machine holds its lock: it was killed."""
    here = status is not None and status.state == "running" and status.host == socket.gethostname()
    return here and _LOCKS.exists() and not any(_find_holders(lock))


def is_held(lock: Path) -> bool:
    """Return whether a living process of this machine holds a lock file; False where the kernel does not tell."""
    return any(_find_holders(lock))


def _find_holders(lock: Path) -> Iterator[int]:
    """Yield the living processes of this machine that hold a lock on a file; none where the kernel does not tell."""
    with suppress(OSError, ValueError, IndexError):
        found = lock.stat()
        place = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
        for line in _LOCKS.read_text(encoding="ascii").splitlines():
            words = line.split()
            if words[1] != "->" and words[5] == place and _is_alive(int(words[4])):  # "->" waits for the lock
                yield int(words[4])


def _is_alive(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return True
