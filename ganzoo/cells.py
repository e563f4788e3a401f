"""One cell of a grid: a run in a process of its own, and how that ended."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

GRACE = 30.0
"""Seconds that a run is given to end its step and save itself before it is killed."""

PATIENCE = 120.0
"""Seconds to wait for a run folder to be free; an NFS 4 server mostly keeps the locks of a lost machine for 90 s."""

FAILURES = ("diverged", "failed", "timeout")
"""States that are no success; a combination that is refused is a result like any other."""


@dataclass(frozen=True)
class Cell:
    """What an engine is handed: plain values, which can be sent to another machine."""

    name: str
    program: tuple[str, ...]
    """The command line up to the command: (python, "-m", "ganzoo")."""
    arguments: tuple[str, ...]
    """Of `ganzoo run`, but for --out."""
    folder: Path
    """The run folder; where there is a run already, the cell goes on with it."""
    log: Path
    """Takes what the process says."""
    timeout: float | None = None
    """Seconds after which the process counts as hung."""

    @property
    def command(self) -> list[str]:
        """What to start: a new run, or the continuation of the one that is there."""
        if (self.folder / "recipe.toml").is_file():
            return [*self.program, "resume", str(self.folder)]
        return [*self.program, "run", *self.arguments, "--out", str(self.folder)]


@dataclass(frozen=True)
class Ending:
    """How a cell ended."""

    state: str
    """complete, diverged, failed, timeout, refused or interrupted."""
    reason: str = ""
    """One line; empty if complete."""
    exit: int | None = None
    """Exit code of the process; minus the number of the signal that killed it."""
    seconds: float = 0.0
    host: str = field(default_factory=socket.gethostname)
    ended: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


def execute(cell: Cell, environment: Mapping[str, str], stopped: Callable[[], bool] = lambda: False) -> Ending:
    """Run one cell to its end in a process of its own; whatever becomes of that is a value, not an error.

    `environment` gives it its share of the machine: OMP_NUM_THREADS, CUDA_VISIBLE_DEVICES. Once `stopped()` is true,
    the run is told to save itself. It is also told so if this process dies, on Linux. Raises OSError only where the
    log or the run folder cannot be written.
    """
    begun = time.monotonic()
    cell.log.parent.mkdir(parents=True, exist_ok=True)
    with cell.log.open("ab") as log:
        state, reason, code = _attempt(cell, environment, stopped, log)
    return Ending(state, reason, code, round(time.monotonic() - begun, 2))


def _attempt(
    cell: Cell, environment: Mapping[str, str], stopped: Callable[[], bool], log: Any
) -> tuple[str, str, int | None]:
    """Return state, reason and exit code."""
    if not _wait_for(cell.folder, stopped):
        return "failed", "another process holds the run folder", None
    if stopped():
        return "interrupted", "not begun", None
    said = log.tell()
    try:
        code, ended_by = _supervise(cell, environment, stopped, log)
    except OSError as error:
        return "failed", f"cannot start {cell.program[0]}: {error.strerror}", None
    return _judge(code, ended_by, cell, said)


def _supervise(cell: Cell, environment: Mapping[str, str], stopped: Callable[[], bool], log: Any) -> tuple[int, str]:
    """Return the exit code, and "timeout" or "stop" if it was ended from here."""
    # faulthandler: a crash, or the SIGABRT at the end of the timeout, leaves the stack of every thread in the log
    process = subprocess.Popen(  # noqa: S603  # no shell, and the arguments are ours
        cell.command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONFAULTHANDLER": "1", **environment},
        start_new_session=True,  # Ctrl-C reaches the parent alone, which passes it on
        preexec_fn=partial(die_with_parent, os.getpid()) if _PRCTL is not None else None,
    )
    deadline = time.monotonic() + (cell.timeout or float("inf"))
    try:
        while process.poll() is None:
            if stopped():
                return _end(process, signal.SIGTERM), "stop"
            if time.monotonic() > deadline:
                return _end(process, signal.SIGABRT), "timeout"
            time.sleep(0.05)
    except BaseException:  # KeyboardInterrupt, or an engine that cancels: leave no orphan
        _end(process, signal.SIGTERM)
        raise
    return process.returncode, ""


def _end(process: subprocess.Popen[bytes], number: int) -> int:
    """Send a signal, then SIGKILL to the whole session if that does not help; returns the exit code."""
    process.send_signal(number)
    try:
        return process.wait(timeout=GRACE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.wait()


_REFUSED = (2, 4)  # settings, a plugin
_ASKED = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


def _judge(code: int, ended_by: str, cell: Cell, said: int) -> tuple[str, str, int]:
    """Turn an exit code into state, reason and code."""
    if code == 0:
        return "complete", "", code
    if ended_by == "timeout":
        return "timeout", f"still running after {cell.timeout:g} s; what it was doing is in {cell.log.name}", code
    if ended_by == "stop" or code - 128 in _ASKED or -code in _ASKED:  # the last: before there was anything to save
        return "interrupted", "stopped; it goes on where it was", code
    if code < 0:
        return "failed", f"killed by signal {-code} ({_signal_name(-code)})", code
    state = "diverged" if code == 6 else "refused" if code in _REFUSED else "failed"
    return state, _last_words(cell.log, said), code


def _signal_name(number: int) -> str:
    if number == signal.SIGKILL:
        return "SIGKILL, out of memory?"
    return signal.Signals(number).name if number in set(signal.Signals) else "real-time"


def _last_words(log: Path, start: int) -> str:
    """Return the error in what was said after `start`, else the last line."""
    with log.open("rb") as file:
        file.seek(start)
        lines = [line.strip() for line in file.read().decode(errors="replace").splitlines() if line.strip()]
    spoken = [line.removeprefix("ganzoo: ") for line in lines if line.startswith("ganzoo: ")]
    crashed = any(line.startswith("Traceback ") for line in lines)  # its last line says more than an early remark
    return (lines if crashed else spoken or lines or ["it said nothing"])[-1][:300]


def _wait_for(folder: Path, stopped: Callable[[], bool]) -> bool:
    """Wait for whoever still saves the run, such as a process whose parent was killed; False if it does not end."""
    deadline = time.monotonic() + PATIENCE
    while folder.is_dir():
        try:
            with FileLock(folder / "run.lock").acquire(timeout=0.5):
                _sweep(folder)
        except Timeout:
            if stopped():
                return True
            if time.monotonic() > deadline:
                return False
        else:
            return True
    return True


def _sweep(folder: Path) -> None:
    """Empty a folder whose process was killed before there was a run; `ganzoo run` takes only an empty one."""
    files = list(folder.iterdir())
    if all(file.name in ("run.lock", "manifest.json") or ".tmp-" in file.name for file in files):
        for file in files:
            file.unlink()


_PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1  # prctl(2)


def die_with_parent(parent: int) -> None:
    """Ask the kernel for SIGTERM when the parent ends, even by SIGKILL; on Linux alone. Runs in the child.

    Strictly it is the thread that began the child: whoever calls `execute` stays there until the run has ended.
    """
    if _PRCTL is None:
        return
    _PRCTL(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it died before it was asked for
        os._exit(128 + signal.SIGTERM)
