"""Downloads that fail within seconds if there is no network, and that two processes never do at once."""

from __future__ import annotations

import errno
import socket
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from filelock import FileLock

from ganzoo.data.progress import growing
from ganzoo.errors import DataError, ResourceError

PATIENCE = 10.0  # seconds to wait for an answer


@contextmanager
def downloading(name: str, source: str, root: Path, hint: str) -> Iterator[None]:
    """Hold a lock on the folder `root` and turn failures into errors with a hint.

    Raises DataError if `source` cannot be reached or sends other data, ResourceError if the disk is full.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / f".{name}.lock"), impatient_sockets():
            require_answer(name, source, hint)
            with growing(f"downloading {name}", root):
                yield
    except (OSError, RuntimeError, HTTPException, tarfile.TarError) as error:
        raise word_failure(name, root, error, hint) from error


def word_failure(name: str, root: Path, error: Exception, hint: str) -> DataError | ResourceError:
    """Return the error for a full disk, a wrong hash (torchvision says "corrupted") or any other failure."""
    if getattr(error, "errno", None) == errno.ENOSPC:
        return ResourceError(f"disk full while downloading {name}", where=str(root), hint="--data-root DIR")
    if "corrupted" in str(error):
        what = f"download of {name} is damaged: hash mismatch"
        return DataError(what, where=str(root), hint=f"run it once more; {hint}")
    reason = " ".join(str(error).split()) or type(error).__name__
    return DataError(f"cannot download {name}: {reason[:200]}", where=str(root), hint=hint)


def require_answer(name: str, source: str, hint: str) -> None:
    """Raise DataError unless a server answers in time.

    The question is asked in a thread, because looking up a host name has no timeout.
    """
    faults: SimpleQueue[str] = SimpleQueue()
    Thread(target=lambda: faults.put(probe(source)), daemon=True).start()
    try:
        fault = faults.get(timeout=PATIENCE)
    except Empty:
        fault = f"no answer within {PATIENCE:.0f} s"
    if fault:
        raise DataError(f"cannot download {name} (no network)", where=f"{source}: {fault}", hint=hint)


def probe(url: str) -> str:
    """Return the reason why there is no answer, or "" if there is one; an error page is an answer."""
    try:
        with urlopen(Request(url, method="HEAD"), timeout=PATIENCE):  # noqa: S310, addresses are constants
            return ""
    except HTTPError as error:
        error.close()
        return ""
    except (OSError, HTTPException) as error:
        return str(error)


@contextmanager
def impatient_sockets() -> Iterator[None]:
    """Give every new socket a timeout, since torchvision sets none."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
