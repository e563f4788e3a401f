"""The local engine, and engines of third parties."""

import sys
import time
from datetime import datetime

import pytest

import ganzoo
from ganzoo.builtin.engines.local import Local
from ganzoo.cells import Cell
from ganzoo.settings.sections import Choice

NAP = "import time; print(time.time(), flush=True); time.sleep(1.5); print(time.time())"


def make_cells(place, script, count):
    """Cells that run a script instead of ganzoo."""
    program = (sys.executable, "-c", script)
    names = [f"c{number}" for number in range(count)]
    return [Cell(name, program, (), place / "cells" / name, place / "logs" / f"{name}.log") for name in names]


def overlaps(cells):
    """How many of the processes were at work while another one was."""
    spans = [tuple(map(float, cell.log.read_text().split())) for cell in cells]
    return sum(any(a < d and c < b for c, d in spans if (c, d) != (a, b)) for a, b in spans)


@pytest.mark.parametrize(("jobs", "expected"), [(1, 0), (3, 3)])
def test_as_many_cells_run_at_once_as_there_are_jobs(tmp_path, jobs, expected):
    cells = make_cells(tmp_path, NAP, 3)
    endings = dict(Local(jobs=jobs).run(cells))
    assert [endings[cell].state for cell in cells] == ["complete"] * 3
    assert overlaps(cells) == expected


def test_each_cell_comes_with_an_ending_of_its_own(tmp_path):
    cells = make_cells(tmp_path, "import sys; sys.exit(6 if 'c1' in sys.argv[-1] else 0)", 3)
    endings = {cell.name: ending for cell, ending in Local(jobs=3).run(cells)}
    assert {name: ending.state for name, ending in endings.items()} == {
        "c0": "complete",
        "c1": "diverged",
        "c2": "complete",
    }
    record = endings["c0"].to_json()
    assert datetime.fromisoformat(record["ended"]).tzinfo is not None and record["host"]


SHOW = "import os; print(os.environ['OMP_NUM_THREADS'], os.environ.get('CUDA_VISIBLE_DEVICES'))"


@pytest.mark.parametrize(
    ("cores", "options", "threads"),
    [(8, {"jobs": 2}, "4"), (8, {"jobs": 3}, "2"), (2, {"jobs": 5}, "1"), (8, {}, "1"), (8, {"threads": 3}, "3")],
)
def test_cells_share_the_cores_equally(tmp_path, monkeypatch, cores, options, threads):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(cores)))
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    (cell,) = make_cells(tmp_path, SHOW, 1)
    list(Local(**options).run([cell]))
    assert cell.log.read_text() == f"{threads} None\n"


@pytest.mark.parametrize(("visible", "names"), [(None, {"0", "1"}), ("3,GPU-5a", {"3", "GPU-5a"})])
def test_each_cell_has_a_gpu_of_its_own(tmp_path, monkeypatch, visible, names):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    if visible is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    cells = make_cells(tmp_path, SHOW + "; import time; time.sleep(1)", 2)
    list(Local().run(cells))
    assert {cell.log.read_text().split()[1] for cell in cells} == names


WAIT = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (print("saved", flush=True), sys.exit(143)))
if "c0" not in sys.argv[-1]:
    print("ready", flush=True)
    time.sleep(600)
"""


@pytest.mark.fault("a grid is stopped while cells run", "they save and end, and none begins", "F36")
def test_closing_the_engine_stops_what_runs_and_begins_nothing_more(tmp_path):
    cells = make_cells(tmp_path, WAIT, 4)
    run = Local(jobs=2).run(cells)
    assert next(run)[0].name == "c0"
    deadline = time.monotonic() + 30
    while not all(cell.log.is_file() and "ready" in cell.log.read_text() for cell in cells[1:3]):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    run.close()
    assert [cell.log.read_text() for cell in cells[1:3]] == ["ready\nsaved\n"] * 2
    assert not cells[3].log.exists()


PLUGIN = '''
from dataclasses import dataclass

import ganzoo


@dataclass(frozen=True)
class OneByOne(ganzoo.Engine):
    """One cell after another, the last one first."""

    threads: int = 1

    def run(self, cells):
        for cell in reversed(cells):
            yield cell, ganzoo.execute(cell, {"OMP_NUM_THREADS": str(self.threads)})


@ganzoo.hookimpl
def register_engines():
    return {"one-by-one": OneByOne}
'''


def test_an_engine_can_come_from_a_single_file(tmp_path):
    (tmp_path / "mine.py").write_text(PLUGIN)
    zoo = ganzoo.load_zoo(files=[tmp_path / "mine.py"])
    engine = zoo.create("engine", Choice("one-by-one", {"threads": 3}))
    cells = make_cells(tmp_path, SHOW, 2)
    assert [(cell.name, ending.state) for cell, ending in engine.run(cells)] == [("c1", "complete"), ("c0", "complete")]
    assert cells[0].log.read_text().startswith("3 ")
    assert {entry.name for entry in zoo.entries("engine")} == {"local", "ray", "one-by-one"}
