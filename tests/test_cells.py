"""One cell in a process of its own: every way in which that can end, and what is left when its parent dies."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from ganzoo import cells
from ganzoo.builtin.engines.forkserver import can_fork
from ganzoo.builtin.engines.local import Local
from ganzoo.cells import Cell, execute
from ganzoo.runs import checkpoint
from ganzoo.runs.folder import RunFolder
from support.runs import HELD, PLAIN, TINY, assert_equal_runs, ganzoo, wait_for

PYTHON = (sys.executable, "-c")
GANZOO = (sys.executable, "-m", "ganzoo")
SHARE = {"OMP_NUM_THREADS": "1"}


def make_cell(place, *program, arguments=(), name="a", timeout=None):
    """A cell of this program; for `python -c` the words of ganzoo are arguments that nobody reads."""
    return Cell(name, program, tuple(arguments), place / "cells" / name, place / "logs" / f"{name}.log", timeout)


def run_script(place, script, **options):
    return execute(make_cell(place, *PYTHON, script, **options), SHARE)


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(cells, "GRACE", 1.0)
    monkeypatch.setattr(cells, "PATIENCE", 1.0)


WATCHES = """
import atexit, sys, torch
import ganzoo
BEFORE = set(sys.modules)
print("CUDA", torch.cuda.is_initialized(), torch.cuda._is_in_bad_fork())
atexit.register(lambda: print("IMPORTED", *sorted({name.split(".")[0] for name in set(sys.modules) - BEFORE})))
@ganzoo.hookimpl
def register_losses():
    return {}
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Real runs: one that is well, one that diverges, one that is refused; endings and cells by name."""
    place = tmp_path_factory.mktemp("runs")
    (place / "watches.py").write_text(WATCHES)
    program = (*GANZOO, "--plugin", str(place / "watches.py"))
    words = {
        "well": [*TINY, "--steps=3", "--no-scores"],
        "diverges": [*TINY, "--steps=50", "--no-scores", "--set=optim.lr_d=1e30"],
        "refused": [*TINY, "--set=train.steps=-1"],
    }
    planned = [make_cell(place, *program, arguments=arguments, name=name) for name, arguments in words.items()]
    return {cell.name: (cell, ending) for cell, ending in Local(jobs=2, threads=1).run(planned)}


@pytest.mark.skipif(not can_fork(), reason="elsewhere each cell imports all")
def test_a_cell_finds_all_that_it_imports_and_no_device_in_use(runs):
    lines = dict(line.split(maxsplit=1) for line in runs["well"][0].log.read_text().splitlines() if line[:4].isupper())
    assert lines["CUDA"] == "False False"
    assert set(lines["IMPORTED"].split()) <= {"encodings", "ganzoo", "importlib"}


def test_a_run_that_is_well_is_complete_and_the_same_as_without_an_engine(runs, tmp_path):
    cell, ending = runs["well"]
    assert (ending.state, ending.reason, ending.exit) == ("complete", "", 0)
    ganzoo("run", *cell.arguments, "--out", tmp_path / "run")
    assert_equal_runs(cell.folder, tmp_path / "run")


def test_a_run_that_diverges_says_where_and_keeps_its_folder(runs):
    cell, ending = runs["diverges"]
    assert (ending.state, ending.exit) == ("diverged", 6)
    assert ending.reason.startswith("diverged ") or "not finite" in ending.reason
    assert RunFolder(cell.folder).read_json(cell.folder / "status.json")["state"] == "diverged"


def test_a_run_that_is_refused_says_why_and_leaves_no_folder(runs):
    cell, ending = runs["refused"]
    assert (ending.state, ending.exit) == ("refused", 2)
    assert "train.steps" in ending.reason and "-1" in ending.reason
    assert not cell.folder.exists()


@pytest.mark.fault(
    "cells end by every exit code, by kill -9 or a segmentation fault",
    "each has its state and one line of reason",
    "F35",
    "F38",
)
@pytest.mark.parametrize(
    ("script", "state", "reason", "code"),
    [
        ("print('ganzoo: no such file\\n  where: here', flush=True); raise SystemExit(3)", "failed", "no such file", 3),
        ("print('ganzoo: plugin x is broken and left out: y'); 1 / 0", "failed", "ZeroDivisionError: division by", 1),
        ("raise SystemExit(4)", "refused", "it printed nothing", 4),
        ("raise SystemExit(143)", "interrupted", "it goes on where it was", 143),
        ("import os; os.kill(os.getpid(), 15)", "interrupted", "it goes on where it was", -15),
        ("import os; os.kill(os.getpid(), 9)", "failed", "killed by signal 9 (SIGKILL, out of memory?)", -9),
        ("import ctypes; ctypes.string_at(0)", "failed", "killed by signal 11 (SIGSEGV)", -11),
        ("import os; os.kill(os.getpid(), 40)", "failed", "killed by signal 40 (real-time)", -40),
    ],
)
def test_every_exit_has_its_state_and_one_line_of_reason(tmp_path, script, state, reason, code):
    ending = run_script(tmp_path, script)
    assert (ending.state, ending.exit) == (state, code)
    assert reason in ending.reason and "\n" not in ending.reason


@pytest.mark.fault("a plugin reads address 0", "its stack is in the log of the cell", "F38")
def test_a_segmentation_fault_leaves_its_stack_in_the_log(tmp_path):
    run_script(tmp_path, "import ctypes\ndef loss():\n  ctypes.string_at(0)\nloss()")
    said = (tmp_path / "logs" / "a.log").read_text()
    assert "Segmentation fault" in said and "in loss" in said


@pytest.mark.fault("a cell hangs beyond --cell-timeout", "it is ended, and its stack is in the log", "F37")
def test_a_process_that_hangs_is_ended_and_its_stack_is_in_the_log(tmp_path):
    ending = run_script(tmp_path, "import time\ndef loss():\n  time.sleep(600)\nloss()", timeout=1.5)
    assert (ending.state, ending.exit) == ("timeout", -signal.SIGABRT)
    assert ending.reason == "still running after 1.5 s; what it was doing is in a.log"
    assert "in loss" in (tmp_path / "logs" / "a.log").read_text()
    assert 1.5 < ending.seconds < 20


@pytest.mark.fault(
    "a cell is stopped by SIGSTOP beyond --cell-timeout", "it is killed, and the cell is a timeout", "F37"
)
def test_a_process_that_hears_no_signal_is_killed(tmp_path, impatient):
    ending = run_script(tmp_path, "import os; os.kill(os.getpid(), 19)", timeout=0.5)
    assert (ending.state, ending.exit) == ("timeout", -signal.SIGKILL)


@pytest.mark.fault("a grid is suspended for an hour, by Ctrl-Z or a closed lid", "--cell-timeout does not count it")
def test_time_in_which_nothing_ran_does_not_count(tmp_path, monkeypatch):
    nights = iter([0.0, 0.0, 3600.0])  # after the third look

    def monotonic():
        return time.monotonic() + slept[0]

    def sleep(seconds):
        time.sleep(seconds)
        slept[0] += next(nights, 0.0)

    slept = [0.0]
    monkeypatch.setattr(cells, "time", SimpleNamespace(monotonic=monotonic, sleep=sleep))
    ending = run_script(tmp_path, "import time; time.sleep(0.5)", timeout=60)
    assert (ending.state, next(nights, None)) == ("complete", None)


def test_a_process_is_told_to_save_itself_when_the_caller_wants_it_to_stop(tmp_path):
    script = "import signal, sys, time\nsignal.signal(15, lambda *_: sys.exit(143))\nprint('ready', flush=True)\n"
    cell = make_cell(tmp_path, *PYTHON, script + "time.sleep(600)")
    ending = execute(cell, SHARE, lambda: "ready" in cell.log.read_text())
    assert (ending.state, ending.exit) == ("interrupted", 143)


def test_a_program_that_does_not_exist_is_an_ending_with_its_name(tmp_path):
    ending = execute(make_cell(tmp_path, str(tmp_path / "python")), SHARE)
    assert (ending.state, ending.exit) == ("failed", None)
    assert ending.reason == f"cannot start {tmp_path / 'python'}: No such file or directory"


def test_a_process_has_its_share_of_the_machine_and_nothing_to_read(tmp_path):
    script = "import os, sys; print(os.environ['OMP_NUM_THREADS'], repr(sys.stdin.read()))"
    execute(make_cell(tmp_path, *PYTHON, script), {"OMP_NUM_THREADS": "7"})
    assert (tmp_path / "logs" / "a.log").read_text() == "7 ''\n"


@pytest.mark.fault(
    "another process holds the folder of a cell", "the cell fails in words, and the folder is not touched", "F87"
)
def test_a_folder_that_another_process_holds_is_not_touched(tmp_path, impatient):
    (tmp_path / "cells" / "a").mkdir(parents=True)
    with RunFolder(tmp_path / "cells" / "a").claim():
        ending = run_script(tmp_path, "print('run')")
    assert (ending.state, ending.reason) == ("failed", "another process holds the run folder")
    assert (tmp_path / "logs" / "a.log").read_text() == ""


def test_a_folder_with_anything_else_in_it_is_left_alone(tmp_path):
    folder = tmp_path / "cells" / "a"
    folder.mkdir(parents=True)
    (folder / "thesis.tex").touch()
    run_script(tmp_path, "pass")
    assert (folder / "thesis.tex").exists()


PARENT = """
import sys
from pathlib import Path
from ganzoo.cells import Cell, execute
place = Path(sys.argv[1])
execute(Cell("a", (sys.executable, "-m", "ganzoo", "--plugin", str(place / "held.py")), tuple(sys.argv[2:]),
             place / "run", place / "a.log"), {"OMP_NUM_THREADS": "1"})
"""


@pytest.mark.fault("kill -9 of the parent of a cell", "the cell saves and ends, and goes on to the same bits", "F36")
@pytest.mark.full
def test_a_run_whose_parent_is_killed_saves_itself_and_goes_on_as_if_nothing_had_been(tmp_path):
    (tmp_path / "held.py").write_text(HELD)
    plugin = ("--plugin", str(tmp_path / "held.py"))
    words = [*TINY, "--loss=held", "--steps=12", "--no-scores", "--set=train.log_every=2", "--set=train.save_every=50"]
    environment = PLAIN | {"HOLD": str(tmp_path), "HOLD_AT": "7"}
    parent = subprocess.Popen([sys.executable, "-c", PARENT, tmp_path, *words], env=environment)
    wait_for((tmp_path / "reached").exists, parent)
    child = RunFolder(tmp_path / "run").read_json(tmp_path / "run" / "status.json")["pid"]
    parent.kill()
    parent.wait()
    time.sleep(0.2)  # the signal has come before the step ends
    (tmp_path / "go").touch()
    cell = Cell("a", (*GANZOO, *plugin), tuple(words), tmp_path / "run", tmp_path / "a.log")
    ending = execute(cell, SHARE)
    assert ending.state == "complete"
    assert not Path(f"/proc/{child}").exists()
    (saved,) = re.findall(r"stopped by signal 15: saved step (\d+) of 12", cell.log.read_text())
    assert checkpoint.available_steps(tmp_path / "run" / "checkpoints") == [0, int(saved), 12]
    ganzoo(*plugin, "run", *words, "--out", tmp_path / "whole")
    assert_equal_runs(tmp_path / "run", tmp_path / "whole")
