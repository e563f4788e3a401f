"""Server that forks cells: `python -m ganzoo.builtin.engines.forking SOCKET MODULE ...`.

It imports the modules, and nothing else happens in it: no tensor is made, since a pool of threads does not survive a
fork, and CUDA is not touched. Each fork becomes the process that `python -m ganzoo` would be.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import selectors
import socket
import struct
import sys
from contextlib import suppress
from typing import NamedTuple

from ganzoo.cells import die_with_parent
from ganzoo.machine.limits import limit_threads

NUMBER = struct.Struct("!i")
"""Bytes of a pid, and of an exit code."""

LOOK = 1.0
"""Seconds between two looks whether the parent lives: a process that it forked may hold the other end of the socket."""


class Fork(NamedTuple):
    """A fork: the connection to whoever asked for it, its log file, and the number of the server."""

    connection: socket.socket
    log: int
    server: int


def main() -> None:
    """Import, fork on each request, and become the cell in each fork."""
    limit_threads()
    control = socket.socket(fileno=int(sys.argv[1]))
    os.set_inheritable(control.fileno(), False)
    for name in sys.argv[2:]:
        importlib.import_module(name)
    if plugins := sys.modules.get("ganzoo.zoo.plugins"):
        plugins.load_zoo(disabled=["all"])  # the built-ins; plugins are loaded in each fork, as they are then
    gc.collect()
    gc.freeze()  # a collection in a fork would copy the memory that it shares
    become_cell(serve(control))


def serve(control: socket.socket) -> Fork:
    """Fork on each request, and return in the forks alone. The process ends when nobody can send requests any more."""
    selector, parent, is_last = selectors.DefaultSelector(), os.getppid(), False
    selector.register(control, selectors.EVENT_READ)
    while os.getppid() == parent and not (is_last and len(selector.get_map()) == 1):
        for key, _ in selector.select(LOOK):
            if key.fileobj is not control:
                _report(selector, key)
                continue
            message, files, _, _ = socket.recv_fds(control, 1, 2)
            if not message:
                os._exit(0)  # on which the kernel tells the forks to end
            is_last |= message == b"r"
            if files and (fork := _fork(selector, control, *files)) is not None:
                return fork
    os._exit(0)


def _fork(selector: selectors.BaseSelector, control: socket.socket, connection: int, log: int) -> Fork | None:
    """Fork; return None in the server."""
    server = os.getpid()
    for file in (connection, log):
        os.set_inheritable(file, False)
    asked = socket.socket(fileno=connection)
    if pid := os.fork():
        os.close(log)
        descriptor = os.pidfd_open(pid)
        selector.register(descriptor, selectors.EVENT_READ, (pid, asked))
        with suppress(OSError):
            socket.send_fds(asked, [NUMBER.pack(pid)], [descriptor])
        return None
    for key in list(selector.get_map().values()):  # else nobody would see that the server ended
        if key.data is not None:
            os.close(key.fd)
            key.data[1].close()
    selector.close()
    control.close()
    return Fork(asked, log, server)


def _report(selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
    """Take the exit code of a fork that has ended, and send it to whoever asked for the fork."""
    pid, asked = key.data
    selector.unregister(key.fileobj)
    os.close(key.fd)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with asked, suppress(OSError):
        asked.send(NUMBER.pack(code))


def become_cell(fork: Fork) -> None:
    """Run the command that was asked for, in a process that differs from a new one in its number alone."""
    os.setsid()
    die_with_parent(fork.server)
    with fork.connection, fork.connection.makefile("rb") as file:
        request = json.load(file)
    _take_streams(fork.log)
    os.environ.clear()
    os.environ.update(request["environment"])
    importlib.invalidate_caches()  # a plugin may have been installed since
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()  # Python seeds its own generator in every fork
    module, *words = request["words"]
    sys.argv = [module, *words]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _take_streams(log: int) -> None:
    """Let stdout and stderr lead to the log, which begins with what the imports have printed."""
    said = os.pread(1, 1 << 16, 0)
    for number in (1, 2):
        os.dup2(log, number)
    os.close(log)
    os.write(1, said)


if __name__ == "__main__":
    main()
