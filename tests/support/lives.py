"""Commands that are killed at a moment, forked from a process that has imported torch, so that one takes little time.

`python -m support.kills` and its like use this; a test starts them, since a fork wants no threads beside it.
"""

import os
import random
import signal
import subprocess
import sys
import time
import traceback
from importlib import import_module
from typing import NamedTuple

import torch

from support.checkout import ROOT

torch.set_num_threads(1)
LATE = (
    "ganzoo.cli.outcome",
    "ganzoo.cli.progress",
    "ganzoo.diagnosis.diagnose",
    "ganzoo.diagnosis.figures",
    "ganzoo.results.report",
    "ganzoo.runs.branch",
)
LATE += ("ganzoo.runs.evaluate", "ganzoo.runs.run", "scipy.stats", "torch.utils.tensorboard")
LATE += ("matplotlib.figure", "matplotlib.backends.backend_agg", "sympy", "torch.fx.experimental.symbolic_shapes")


class End(NamedTuple):
    """How a command ended."""

    killed: bool
    code: int | None
    """Exit code; None if it was killed."""
    seconds: float
    said: str
    """All that it printed."""


def import_all():
    """Import what commands import late, and the components, so that no life has to."""
    for module in LATE:
        import_module(module)
    from support.zoo import ZOO

    return ZOO


def live(words, output, *, seconds=float("inf"), after=None, forked=True):
    """Run a command; `seconds` after `after()` is true, or after its start, kill it if it has not ended."""
    begun = time.monotonic()
    pid = begin(words, output, forked=forked)
    waited_for = after is None
    moment = begun
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        now = time.monotonic()
        if ended:
            return End(False, os.waitstatus_to_exitcode(status), now - begun, output.read_text(errors="replace"))
        if not waited_for and after():
            waited_for, moment = True, now
        if waited_for and now - moment >= seconds:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return End(True, None, now - begun, output.read_text(errors="replace"))
        time.sleep(0.0005)


def begin(words, output, *, forked=True):
    """Start a command, forked from this process or in a new one, and return its process id."""
    words = [str(word) for word in words]
    output.write_bytes(b"")
    if not forked:
        with output.open("wb") as file:
            command = [sys.executable, "-m", "ganzoo", *words]
            process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        process.returncode = 0  # waited for by its number, not by this object
        return process.pid
    sys.stdout.flush()
    if (pid := os.fork()) == 0:
        _become(words, output)
    return pid


def _become(words, output):
    """Be the command; never return."""
    from ganzoo.cli import cli

    code = 1
    try:
        descriptor = os.open(output, os.O_WRONLY | os.O_APPEND)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(descriptor, stream.fileno())
        sys.argv = ["ganzoo", *words]
        cli.main(words)
    except SystemExit as end:
        code = end.code or 0
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)


def run_program(module, *words, timeout):
    """Run a module of `support` in a process of its own, with one thread; return what it printed."""
    search = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    environment = os.environ | {"PYTHONPATH": search, "OMP_NUM_THREADS": "1", "GANZOO_DISABLE_PLUGINS": "all"}
    command = [sys.executable, "-m", module, *map(str, words)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=timeout)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


def chosen(variable, default):
    """Return a number that may be chosen in the environment."""
    return int(os.environ.get(variable, default))


def random_seed():
    """Return the seed of the moments: GANZOO_SOAK_SEED, or another one each time."""
    return chosen("GANZOO_SOAK_SEED", random.SystemRandom().randrange(1_000_000))
