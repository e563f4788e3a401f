"""Runs and grids in one line each; @last and @best."""

import json
import os
import socket
import time

import pytest

from ganzoo.errors import CheckpointError
from ganzoo.results.comparison.overview import find_best, find_last, list_runs, show_age
from ganzoo.runs.folder import RunFolder
from support.made_runs import FD, make_report, write_grid, write_run
from support.runs import ganzoo

CELLS = {"bce-0": ("bce", 0, "complete", 10.0), "bce-1": ("bce", 1, "diverged", None)}


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """Three runs, the oldest the best, and the grid before them all."""
    monkeypatch.chdir(tmp_path)
    write_grid(tmp_path / "runs" / "grid", CELLS)
    for age, (name, score) in enumerate({"new": 30.0, "middle": 20.0, "old": 10.0}.items(), 1):
        write_run(tmp_path / "runs" / name, score, loss=name)
        os.utime(tmp_path / "runs" / name / "status.json", (time.time() - 100 * age,) * 2)
    for path in [*tmp_path.glob("runs/grid/cells/*/status.json"), tmp_path / "runs/grid/cells.jsonl"]:
        os.utime(path, (0, 0))
    return tmp_path / "runs"


def test_runs_and_grids_are_listed_the_newest_first(runs):
    lines = list_runs(runs)
    assert [line.name for line in lines] == ["new", "middle", "old", "grid"]
    assert lines[0].score == f"{FD} 30"
    assert lines[0].step == "10 of 10"
    assert lines[0].age == "1 min"
    assert (lines[3].state, lines[3].step, lines[3].score) == ("1 complete, 1 diverged", "2 cells, 2 seeds", f"{FD} 10")


def test_ages_have_one_unit():
    assert [show_age(seconds) for seconds in (-1, 59, 60, 7_199, 7_200, 86_400 * 9)] == [
        *("0 s", "59 s", "1 min"),
        *("1 h", "2 h", "9 d"),
    ]


def test_a_run_whose_process_was_killed_is_stopped(runs):
    status = RunFolder(runs / "new").status
    status.write_text(json.dumps({"state": "running", "step": 5, "steps": 10, "host": socket.gethostname(), "pid": 1}))
    assert list_runs(runs)[0].state == "stopped"
    status.write_text(json.dumps({"state": "running", "step": 5, "steps": 10, "host": "elsewhere", "pid": 1}))
    assert list_runs(runs)[0].state == "running"


def test_a_quick_look_is_not_the_score_of_a_run(runs):
    write_run(runs / "looked-at", reports=[make_report(1.0, count=5000), make_report(9.0, count=500)])
    assert list_runs(runs)[0].score == f"{FD} 1"


def test_last_and_best_stand_for_runs(runs):
    assert find_last(runs) == find_last(runs, grids=True) == runs / "new"
    assert find_best(runs) in (runs / "old", runs / "grid" / "cells" / "bce-0")
    with pytest.raises(CheckpointError, match="no run yet"):
        find_last(runs / "new" / "samples")


def test_the_best_run_is_so_by_the_scores_of_the_table_and_not_by_a_later_look(runs):
    later = make_report(1.0, labels="balanced over classes")
    later["protocol"]["reference"]["count"] = 500
    write_run(runs / "looked-at", reports=[make_report(50.0), later])
    os.utime(runs / "looked-at" / "status.json", (time.time() - 900,) * 2)
    assert find_best(runs) in (runs / "old", runs / "grid" / "cells" / "bce-0")


def test_commands_take_names_and_say_what_they_stand_for(runs):
    shown = ganzoo("table", "@last")
    assert "note: @last is runs/new" in shown.stderr
    assert "30" in shown.stdout
    assert ganzoo("table", "middle").stdout == ganzoo("table", "runs/middle").stdout
    assert "@first names no run" in ganzoo("table", "@first", code=2).stderr


def test_a_missing_run_names_those_that_are_like_it(runs):
    for command in ("table", "report", "sample", "evaluate", "diagnose", "resume"):
        refused = ganzoo(command, "runs/midle", code=5).stderr
        assert "there is no such folder" in refused
        assert "runs/middle" in refused


def test_the_list_is_printed(runs):
    shown = ganzoo("runs").stdout.splitlines()
    assert shown[0].split() == ["age", "state", "steps", "score", "run"]
    assert shown[1].split() == ["1", "min", "complete", "10", "of", "10", FD, "30", "runs/new"]
    assert json.loads(ganzoo("runs", "--json").stdout.splitlines()[1])["name"] == "middle"
    (runs / "empty").mkdir()
    assert "no run in" in ganzoo("runs", runs / "empty").stderr
