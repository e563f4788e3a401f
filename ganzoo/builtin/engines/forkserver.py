"""Start cells as forks of a server: a process that has imported what a run needs (`builtin.engines.forking`)."""

from __future__ import annotations

import json
import os
import select
import signal
import site
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple

import ganzoo
from ganzoo.builtin.engines import forking
from ganzoo.cells import LostProcess, Process, start_process

MODULES = (
    *("ganzoo.cli", "ganzoo.cli.outcome", "ganzoo.cli.plugin_cache", "ganzoo.cli.progress", "ganzoo.runs.follower"),
    *("ganzoo.runs.run", "ganzoo.runs.start", "ganzoo.zoo.loading", "ganzoo.zoo.plugins", "PIL.BmpImagePlugin"),
    *("PIL.GifImagePlugin", "PIL.JpegImagePlugin", "PIL.PngImagePlugin", "tensorboard.plugins.hparams.metadata"),
    *("tensorboard.plugins.hparams.api_pb2", "tensorboard.summary.writer.record_writer"),
    *("torch.utils.serialization", "torch.utils.tensorboard.summary"),
)
"""Modules that a run imports. They are named, since an engine imports no room above its own."""
PROGRAM = (sys.executable, "-m")
"""Beginning of the commands that a fork can run; other commands are started in a process of their own."""
STARTUP = 120.0
"""Seconds that the server may take to import all and to fork."""
_GPU = "CUDA_VISIBLE_DEVICES"  # read when CUDA is first used, which the server does not do; other variables are read
# by what it imports


class Surroundings(NamedTuple):
    """Whatever a process takes from its surroundings as it starts: a cell whose own differ needs another server."""

    folder: str
    variables: Mapping[str, str]
    files: Sequence[tuple[str, int]]
    """Folders of installed packages, what adds to them, and the code of ganzoo, with the times of their last change."""

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> Surroundings:
        """Return those of a process that starts now with these variables. Raises OSError."""
        sites = [Path(folder) for folder in [*site.getsitepackages(), site.getusersitepackages()]]
        code = [path for kind in ("*.py", "*.json") for path in Path(ganzoo.__file__).parent.rglob(kind)]
        found = [*code, *(path for folder in sites if folder.is_dir() for path in (folder, *folder.glob("*.pth")))]
        files = sorted((str(path), path.stat().st_mtime_ns) for path in found)
        return cls(str(Path.cwd()), {key: value for key, value in variables.items() if key != _GPU}, files)


class ForkServer:
    """A context in which `start` starts cells as forks of a server, where the system allows it: on Linux.

    The server ends with the context or with this process, and its cells are told to save themselves. If the server
    cannot start or is killed, cells are started in processes of their own.
    """

    def __init__(self, modules: Sequence[str] = MODULES) -> None:
        self._modules, self._lock = modules, threading.Lock()
        self._servers: list[_Server] = []
        """Servers so far, the newest one last: another one takes over when the surroundings change."""
        self._is_broken = not can_fork()

    def __enter__(self) -> ForkServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self._servers:
            server.close()

    def start(self, command: Sequence[str], environment: Mapping[str, str], log: BinaryIO) -> Process:
        """Start a command, as `ganzoo.cells.start_process` does. Raises OSError."""
        if self._is_broken or tuple(command[: len(PROGRAM)]) != PROGRAM:
            return start_process(command, environment, log)
        with self._lock:
            connection = self._find_server(environment).request(log)
        request = {"words": command[len(PROGRAM) :], "environment": dict(environment)}
        if (process := _Fork.begin(connection, request)) is None:
            self._is_broken = True  # what a cell prints then says why
            return start_process(command, environment, log)
        return process

    def _find_server(self, environment: Mapping[str, str]) -> _Server:
        """Return a server that has imported what a cell would import now, and retire the one before."""
        surroundings = Surroundings.of(environment)
        if not self._servers or self._servers[-1].surroundings != surroundings:
            if self._servers:
                self._servers[-1].retire()
            self._servers.append(_Server(surroundings, self._modules))
        return self._servers[-1]


class _Server:
    """The process that forks, and the socket on which it takes requests."""

    def __init__(self, surroundings: Surroundings, modules: Sequence[str]) -> None:
        self.surroundings = surroundings
        self._control, theirs = socket.socketpair()
        with theirs, tempfile.TemporaryFile() as said:  # what imports print belongs into the log of each cell
            self._process = subprocess.Popen(  # noqa: S603  # no shell, and the arguments are ours
                [sys.executable, "-m", forking.__name__, str(theirs.fileno()), *modules],
                stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=surroundings.variables,
                pass_fds=[theirs.fileno()], start_new_session=True,
            )  # fmt: skip

    def request(self, log: BinaryIO) -> socket.socket:
        """Ask for a fork with this log, and return the connection to it."""
        ours, theirs = socket.socketpair()
        with theirs, suppress(OSError):  # it has ended, and closes the connection
            socket.send_fds(self._control, [b"f"], [theirs.fileno(), log.fileno()])
        return ours

    def retire(self) -> None:
        """Let the server end after its last fork."""
        with suppress(OSError):
            self._control.send(b"r")

    def close(self) -> None:
        """End the server, and all its forks that still run."""
        self._control.close()
        self._process.wait()


class _Fork:
    """A fork of the server. Signals reach it by its descriptor, since its number may be another process's by then."""

    def __init__(self, connection: socket.socket, pid: int, descriptor: int) -> None:
        self._connection: socket.socket | None = connection
        self.pid, self._descriptor = pid, descriptor
        self._code: int | None = None

    @classmethod
    def begin(cls, connection: socket.socket, request: Mapping[str, object]) -> _Fork | None:
        """Tell a fork what it is to run, and return it; None if the server has ended or takes too long."""
        try:
            connection.settimeout(STARTUP)
            connection.sendall(json.dumps(request).encode())
            connection.shutdown(socket.SHUT_WR)
            number, descriptors, _, _ = socket.recv_fds(connection, forking.NUMBER.size, 1)
        except OSError:
            number, descriptors = b"", []
        if not descriptors:
            connection.close()
            return None
        os.set_inheritable(descriptors[0], False)
        return cls(connection, forking.NUMBER.unpack(number)[0], descriptors[0])

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs. Raises LostProcess."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code. Raises subprocess.TimeoutExpired, or LostProcess if the server was killed."""
        if self._code is not None:
            return self._code
        if self._connection is not None:
            _await(self._connection.fileno(), timeout)
            number = self._connection.recv(forking.NUMBER.size)
            self._connection.close()
            self._connection = None
            if number:
                self._code = forking.NUMBER.unpack(number)[0]
                os.close(self._descriptor)
                return self._code
        _await(self._descriptor, timeout)  # the kernel has told it to end, as the server ended
        raise LostProcess("the process that started this one was killed")

    def send_signal(self, sig: int) -> None:
        """Send a signal; to a fork that has ended, none."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._descriptor, sig)


def _await(descriptor: int, timeout: float | None) -> None:
    """Wait until there is something to read. Raises subprocess.TimeoutExpired."""
    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    if not poller.poll(None if timeout is None else timeout * 1000):
        raise subprocess.TimeoutExpired("cell", timeout or 0)


def can_fork() -> bool:
    """Return whether this system lets a server fork cells that end with it: Linux since 5.3."""
    if sys.platform != "linux":
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:  # an older kernel, or a container that allows no new calls
        return False
    return True
