"""One cell of a grid: a run in a process of its own, and how it ended."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from filelock import FileLock, Timeout

GRACE = 30.0
"""Seconds that a run has to end its step and save itself before it is killed."""

_TICK, _LONGEST_TICK = 0.05, 1.0
"""Seconds between two looks at a cell, and those that count at most: Ctrl-Z and a closed lid stop cells too."""

PATIENCE = 120.0
"""Seconds to wait for the lock of a run folder. An NFS 4 server keeps the locks of a lost machine for 90 s or so."""

FAILURES = ("diverged", "failed", "timeout")
"""States that count as failures; "refused" does not, since it is a result of the grid like any other."""


@dataclass(frozen=True)
class Cell:
    """A cell as an engine gets it: plain values, which can be sent to another machine."""

    name: str
    program: tuple[str, ...]
    """Command line up to the name of the command: (python, "-m", "ganzoo")."""
    arguments: tuple[str, ...]
    """Arguments of `ganzoo run`, without --out."""
    folder: Path
    """Run folder; if it holds a run already, that is resumed."""
    log: Path
    """Log file of the process: its stdout and stderr."""
    timeout: float | None = None
    """Seconds after which the process is ended; None for no limit."""
    follow_links: bool = False
    """Let a run that goes on write where parts of its folder are links."""
    stop_file: Path | None = None
    """File that ends the process once it is there, as a signal would; None for no such file."""

    @property
    def is_called_off(self) -> bool:
        """True once the file is there that ends this cell."""
        return self.stop_file is not None and self.stop_file.exists()

    @property
    def command(self) -> list[str]:
        """Command to start: `run`, or `resume` if the folder holds a run."""
        if (self.folder / "recipe.toml").is_file():
            return [*self.program, "resume", str(self.folder), *["--follow-links"] * self.follow_links]
        return [*self.program, "run", *self.arguments, "--out", str(self.folder)]


@dataclass(frozen=True)
class Ending:
    """The end of a cell: its state, reason and exit code."""

    state: str
    """State: complete, diverged, failed, timeout, refused or interrupted."""
    reason: str = ""
    """Reason in one line; empty if complete."""
    exit: int | None = None
    """Exit code of the process; minus the number of the signal that killed it."""
    seconds: float = 0.0
    host: str = field(default_factory=socket.gethostname)
    ended: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


class Process(Protocol):
    """The process of a cell: what `subprocess.Popen` offers, as far as it is needed here."""

    @property
    def pid(self) -> int:
        """Its number, which is that of its session too."""

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs. Raises LostProcess."""

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code once it has ended. Raises subprocess.TimeoutExpired, LostProcess."""

    def send_signal(self, sig: int) -> None:
        """Send a signal; to a process that has ended, none."""


class LostProcess(Exception):  # noqa: N818  # as Python's TimeoutExpired
    """A process has ended, and nobody knows how."""


Start = Callable[[Sequence[str], Mapping[str, str], BinaryIO], Process]
"""A function that starts a command in a session of its own, with these environment variables and this file as stdout
and stderr. Raises OSError."""


def start_process(command: Sequence[str], environment: Mapping[str, str], log: BinaryIO) -> Process:
    """Start a command in a new process. Raises OSError."""
    return subprocess.Popen(  # noqa: S603  # no shell, and the arguments are ours
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=environment,
        start_new_session=True,  # Ctrl-C reaches the parent alone, which passes it on
        preexec_fn=partial(die_with_parent, os.getpid()) if _PRCTL is not None else None,
    )


def execute(
    cell: Cell, environment: Mapping[str, str], stopped: Callable[[], bool] = lambda: False,
    start: Start = start_process,
) -> Ending:  # fmt: skip
    """Run one cell in a process of its own and return how it ended; a failure is returned too, not raised.

    `environment` holds its share of the machine: OMP_NUM_THREADS, CUDA_VISIBLE_DEVICES. The run saves itself and ends
    once `stopped()` is true, once the cell is called off and, on Linux, if this process dies. `start` starts the
    process; if it loses it, the cell goes on in a new one. Raises OSError only if the log or the run folder cannot be
    written.
    """

    def is_to_end() -> bool:
        return stopped() or cell.is_called_off

    begun = time.monotonic()
    cell.log.parent.mkdir(parents=True, exist_ok=True)
    with cell.log.open("ab") as log:
        try:
            state, reason, code = _attempt(cell, environment, is_to_end, log, start)
        except LostProcess as lost:
            log.write(f"note: {lost}: it goes on in another process\n".encode())
            log.flush()
            state, reason, code = _attempt(cell, environment, is_to_end, log, start_process)
    return Ending(state, reason, code, round(time.monotonic() - begun, 2))


def _attempt(
    cell: Cell, environment: Mapping[str, str], stopped: Callable[[], bool], log: BinaryIO, start: Start
) -> tuple[str, str, int | None]:
    """Return state, reason and exit code."""
    if not _wait_for(cell.folder, stopped):
        return "failed", "another process holds the run folder", None
    if stopped():
        return "interrupted", "not begun", None
    before = log.tell()
    # faulthandler: a crash, or the SIGABRT at the end of the timeout, leaves the stack of every thread in the log
    variables = {**os.environ, "PYTHONFAULTHANDLER": "1", **environment}
    try:
        code, ended_by = _supervise(start(cell.command, variables, log), cell, stopped)
    except OSError as error:
        return "failed", f"cannot start {cell.program[0]}: {error.strerror}", None
    return _explain_end(code, ended_by, cell, before)


def _supervise(process: Process, cell: Cell, stopped: Callable[[], bool]) -> tuple[int, str]:
    """Return the exit code, and "timeout" or "stop" if this function ended the process."""
    left, before = cell.timeout or float("inf"), time.monotonic()
    try:
        while (code := process.poll()) is None:
            if stopped():
                return _end(process, signal.SIGTERM), "stop"
            if left < 0:
                return _end(process, signal.SIGABRT), "timeout"
            time.sleep(_TICK)
            now = time.monotonic()
            left -= min(now - before, _LONGEST_TICK)
            before = now
    except BaseException:  # KeyboardInterrupt, or an engine that cancels: the process must not run on
        _end(process, signal.SIGTERM)
        raise
    return code, ""


def _end(process: Process, number: int) -> int:
    """Send a signal, and SIGKILL to the whole session if it is not obeyed in time; return the exit code."""
    process.send_signal(number)
    try:
        return process.wait(timeout=GRACE)
    except subprocess.TimeoutExpired:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:  # Windows, whose SIGTERM no process can refuse
            process.send_signal(signal.SIGTERM)
        return process.wait()


_REFUSED_CODES = (2, 4)  # ConfigError, PluginError
_STOP_SIGNALS = tuple(getattr(signal, name) for name in ("SIGHUP", "SIGINT", "SIGTERM") if hasattr(signal, name))


def _explain_end(code: int, ended_by: str, cell: Cell, start: int) -> tuple[str, str, int]:
    """Return state, reason and exit code; the reason is an error in the log after `start`."""
    if code == 0:
        return "complete", "", code
    if ended_by == "timeout":
        return "timeout", f"still running after {cell.timeout:g} s; what it was doing is in {cell.log.name}", code
    if ended_by == "stop" or code - 128 in _STOP_SIGNALS or -code in _STOP_SIGNALS:  # negative: before it could save
        return "interrupted", "stopped; it goes on where it was", code
    if code < 0:
        return "failed", f"killed by signal {-code} ({_signal_name(-code)})", code
    state = "diverged" if code == 6 else "refused" if code in _REFUSED_CODES else "failed"
    return state, _read_error(cell.log, start), code


def _signal_name(number: int) -> str:
    if number == getattr(signal, "SIGKILL", None):
        return "SIGKILL, out of memory?"
    return signal.Signals(number).name if number in set(signal.Signals) else "real-time"


def _read_error(log: Path, start: int) -> str:
    """Return the error in the log after byte `start`, else its last line."""
    with log.open("rb") as file:
        file.seek(start)
        lines = [line.strip() for line in file.read().decode(errors="replace").splitlines() if line.strip()]
    errors = [line.removeprefix("ganzoo: ") for line in lines if line.startswith("ganzoo: ")]
    crashed = any(line.startswith("Traceback ") for line in lines)  # its last line says more than an earlier message
    return (lines if crashed else errors or lines or ["it printed nothing"])[-1][:300]


def _wait_for(folder: Path, stopped: Callable[[], bool]) -> bool:
    """Wait for a process that still saves this run, e.g. after its parent was killed; False if it does not end."""
    deadline = time.monotonic() + PATIENCE
    while folder.is_dir() and not (folder / "run.lock").is_symlink():  # the run itself refuses a link
        try:
            with FileLock(folder / "run.lock").acquire(timeout=0.5):
                pass
        except Timeout:
            if stopped():
                return True
            if time.monotonic() > deadline:
                return False
        else:
            return True
    return True


_PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1  # prctl(2)


def die_with_parent(parent: int) -> None:
    """Ask the kernel for SIGTERM when the parent ends, even by SIGKILL; on Linux alone. Runs in the child.

    The kernel watches the thread that started the child, so that thread has to stay in `execute` until the run ends.
    """
    if _PRCTL is None:
        return
    _PRCTL(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # the parent died before the kernel was asked
        os._exit(128 + signal.SIGTERM)
