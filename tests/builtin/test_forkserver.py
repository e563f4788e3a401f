"""Cells as forks of a server: each is what a process of its own would be, and ends alone."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ganzoo import cells
from ganzoo.builtin.engines import forkserver
from ganzoo.builtin.engines.forkserver import ForkServer
from ganzoo.cells import Cell, execute, start_process
from support.checkout import ROOT
from support.runs import wait_for

pytestmark = pytest.mark.skipif(not forkserver.can_fork(), reason="needs fork and pidfd_open of Linux")
SHARE = {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}


@pytest.fixture(scope="module")
def server():
    with ForkServer(["numpy"]) as server:
        yield server


@pytest.fixture
def run(tmp_path, server, monkeypatch):
    """Run a script as a cell, and return how it ended."""

    def run(script, *, start=server.start, timeout=None, **options):
        monkeypatch.delenv("PYTEST_CURRENT_TEST", raising=False)  # a variable that changes is another server
        return execute(make_cell(tmp_path, script, timeout), SHARE, start=start, **options)

    return run


def make_cell(place, script, timeout=None, name="a"):
    (place / f"{name}.py").write_text(script)
    program = (sys.executable, "-m", "support.script", str(place / f"{name}.py"))
    return Cell(name, program, (), place / "cells" / name, place / f"{name}.log", timeout)


@pytest.mark.fault("a cell that is a fork ends by an exit code or a signal", "it has its state, and the next one runs")
@pytest.mark.parametrize(
    ("script", "state", "reason", "code"),
    [
        ("raise SystemExit(6)", "diverged", "it printed nothing", 6),
        ("1 / 0", "failed", "ZeroDivisionError: division by zero", 1),
        ("import os; os._exit(3)", "failed", "it printed nothing", 3),
        ("import os; os.kill(os.getpid(), 9)", "failed", "killed by signal 9 (SIGKILL, out of memory?)", -9),
        ("import ctypes; ctypes.string_at(0)", "failed", "killed by signal 11 (SIGSEGV)", -11),
    ],
)
def test_a_fork_ends_alone_with_its_state_and_reason(run, server, script, state, reason, code):
    ending = run(script)
    assert (ending.state, ending.reason, ending.exit) == (state, reason, code)
    assert run("pass").state == "complete" and len(server._servers) == 1


SURROUNDINGS = """
import json, os, signal, sys, threading
print(json.dumps({
    "words": sys.argv, "path": sys.path, "main": __spec__.name, "folder": os.getcwd(), "variables": dict(os.environ),
    "read": sys.stdin.read(), "terminal": sys.stdout.isatty(), "buffered": sys.stdout.line_buffering,
    "session": os.getsid(0) == os.getpid() == os.getpgid(0), "threads": len(os.listdir("/proc/self/task")),
    "files": sorted(os.path.realpath(f"/proc/self/fd/{f}") for f in os.listdir("/proc/self/fd") if int(f) < 20),
    "handlers": [str(signal.getsignal(n)) for n in (1, 2, 13, 15, 17)], "main thread":
    threading.current_thread() is threading.main_thread(), "blocked": sorted(signal.pthread_sigmask(0, [])),
    "children": "".join(open(f"/proc/self/task/{os.getpid()}/children").read()), "stack": sys.getrecursionlimit(),
}))
"""


def test_a_fork_sees_what_a_process_of_its_own_would_see(run, tmp_path):
    shown = []
    for start in ({}, {"start": start_process}):
        (tmp_path / "a.log").unlink(missing_ok=True)
        assert run(SURROUNDINGS, **start).state == "complete"
        shown.append(json.loads((tmp_path / "a.log").read_text()))
        shown[-1]["files"] = [file for file in shown[-1]["files"] if "/proc" not in file]  # that of the listing
    assert shown[0] == shown[1]
    assert (shown[0]["threads"], shown[0]["read"], shown[0]["session"]) == (1, "", True)
    assert shown[0]["variables"]["OMP_NUM_THREADS"] == "1"


def test_no_two_forks_draw_the_same_random_numbers(run, tmp_path):
    for _ in range(2):
        run("import random, numpy; print(random.random(), numpy.random.random())")
    assert len(set((tmp_path / "a.log").read_text().split())) == 4


def test_another_gpu_needs_no_other_server_and_another_variable_does(tmp_path):
    script = "import os; print(os.environ.get('CUDA_VISIBLE_DEVICES'), os.environ['OMP_NUM_THREADS'], os.getppid())"
    cell = make_cell(tmp_path, script)
    with ForkServer([]) as server:
        for share in ({"CUDA_VISIBLE_DEVICES": "0"}, {"CUDA_VISIBLE_DEVICES": "1"}, {"OMP_NUM_THREADS": "2"}):
            execute(cell, SHARE | share, start=server.start)
    shown = [line.split() for line in cell.log.read_text().splitlines()]
    assert [line[:2] for line in shown] == [
        ["0", "1"],
        ["1", "1"],
        [os.environ.get("CUDA_VISIBLE_DEVICES", "None"), "2"],
    ]
    assert shown[0][2] == shown[1][2] != shown[2][2]


def test_a_package_that_is_installed_meanwhile_is_there_for_the_next_cell_and_those_that_run_go_on(
    tmp_path, monkeypatch
):
    (tmp_path / "site").mkdir()
    monkeypatch.setattr(forkserver.site, "getsitepackages", lambda: [str(tmp_path / "site")])
    waits = make_cell(tmp_path, f"import os\nwhile not os.path.exists({str(tmp_path / 'go')!r}): pass", name="waits")
    with ForkServer([]) as server:
        variables = {**os.environ, **SHARE}
        with waits.log.open("ab") as log:
            first = server.start(waits.command, variables, log)
            (tmp_path / "site" / "new.pth").touch()
            assert execute(make_cell(tmp_path, "pass"), SHARE, start=server.start).state == "complete"
            assert len(server._servers) == 2 and first.poll() is None
            (tmp_path / "go").touch()
            assert first.wait(30) == 0
        assert server._servers[0]._process.wait(30) == 0


SAVES = """
import pathlib, signal, sys, time
place = pathlib.Path(sys.argv[1])
signal.signal(signal.SIGTERM, lambda *_: (place.with_suffix(".saved").touch(), sys.exit(143)))
if place.with_suffix(".saved").exists(): sys.exit(0)
place.with_suffix(".ready").touch()
def loss():
    time.sleep(600)
loss()
"""


@pytest.mark.fault("a cell that is a fork hangs beyond --cell-timeout", "it is ended, and its stack is in the log")
def test_a_fork_that_hangs_is_ended_and_its_stack_is_in_the_log(run, tmp_path):
    ending = run(SAVES, timeout=0.3)
    assert (ending.state, ending.exit) == ("timeout", -signal.SIGABRT)
    assert "in loss" in (tmp_path / "a.log").read_text()


def test_a_fork_that_hears_no_signal_is_killed(run, monkeypatch):
    monkeypatch.setattr(cells, "GRACE", 0.5)
    ending = run("import os; os.kill(os.getpid(), 19)", timeout=0.2)
    assert (ending.state, ending.exit) == ("timeout", -signal.SIGKILL)


def test_a_fork_is_told_to_save_itself_when_the_caller_wants_it_to_stop(run, tmp_path):
    ending = run(SAVES, stopped=(tmp_path / "a.ready").exists)
    assert (ending.state, ending.exit) == ("interrupted", 143) and (tmp_path / "a.saved").exists()


@pytest.mark.fault("the server that forks cells is killed", "its cells save themselves, and go on in other processes")
def test_a_cell_whose_server_is_killed_saves_itself_and_goes_on_in_another_process(tmp_path):
    def kill_once():
        if (tmp_path / "a.ready").exists() and not killed:
            killed.append(server._servers[0]._process.kill())
        return False

    killed = []
    cell = make_cell(tmp_path, SAVES)
    with ForkServer([]) as server:
        ending = execute(cell, SHARE, kill_once, server.start)
        assert (ending.state, (tmp_path / "a.saved").exists()) == ("complete", True)
        assert "the process that started this one was killed: it goes on in another process" in cell.log.read_text()
        assert execute(cell, SHARE, start=server.start).state == "complete"


def test_a_server_that_cannot_import_leaves_cells_to_processes_of_their_own(run, tmp_path):
    with ForkServer(["no_such_module"]) as server:
        assert [run("print(1)", start=server.start).state for _ in range(2)] == ["complete"] * 2
    assert (tmp_path / "a.log").read_text() == "1\n1\n"


PARENT = """
import os, sys
from pathlib import Path
from ganzoo.builtin.engines.forkserver import ForkServer
from ganzoo.cells import Cell, execute
place = Path(sys.argv[1])
program = (sys.executable, "-m", "support.script", str(place / "a.py"))
with ForkServer([]) as server:
    execute(Cell("a", program, (), place / "cells", place / "a.log"), {}, start=server.start)
"""


@pytest.mark.fault("kill -9 of the parent of a cell that is a fork", "the cell saves and ends, and the server too")
def test_a_fork_whose_parent_is_killed_saves_itself_and_the_server_ends(tmp_path):
    (tmp_path / "a.py").write_text(SAVES + f"# {time.time()}")
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], env=os.environ | SHARE)
    wait_for((tmp_path / "a.ready").exists, parent)
    (server,) = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 30
    while not (tmp_path / "a.saved").exists() or is_alive(server):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_alive(pid):
    """Whether a process runs; one that has ended may wait for the system to take note."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
