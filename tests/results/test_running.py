"""Cells of a grid that is at work, or was killed: running, starting, interrupted."""

import json
import os
import socket
from pathlib import Path

import pytest
from filelock import FileLock

from ganzoo.results.comparison.overview import list_runs
from ganzoo.results.read import read_results
from support.made_runs import write_grid

NO_LOCKS = not Path("/proc/locks").exists()


@pytest.fixture
def grid(tmp_path):
    """A grid of two cells that have not ended."""
    return write_grid(tmp_path / "grid", {"bce-0": ("bce", 0, None, None), "bce-1": ("bce", 1, None, None)})


def states(path):
    return {Path(result.name).name: (result.state, result.reason) for result in read_results(path)}


def begin(path, cell):
    (path / "logs").mkdir(exist_ok=True)
    (path / "logs" / f"{cell}.log").touch()


@pytest.mark.skipif(NO_LOCKS, reason="the kernel does not tell who holds a lock")
def test_a_cell_that_has_begun_in_a_grid_at_work_is_running_and_others_are_missing(grid):
    begin(grid, "bce-0")
    assert states(grid)["bce-0"] == ("missing", "not run yet")  # nobody works there
    with FileLock(grid / "grid.lock"):
        assert states(grid) == {"bce-0": ("running", "it starts"), "bce-1": ("missing", "not run yet")}
        assert list_runs(grid.parent)[0].state == "1 running, 1 missing"
        os.utime(grid / "logs" / "bce-0.log", (0, 0))  # of an attempt before
        assert states(grid)["bce-0"] == ("missing", "not run yet")


@pytest.mark.skipif(NO_LOCKS, reason="the kernel does not tell who holds a lock")
def test_a_cell_whose_process_was_killed_is_interrupted_and_not_running(grid):
    run = grid / "cells" / "bce-0"
    run.mkdir(parents=True)
    status = {"state": "running", "step": 5, "steps": 10, "host": socket.gethostname(), "pid": 1}
    (run / "status.json").write_text(json.dumps(status))
    assert states(grid)["bce-0"] == ("interrupted", "step 5 of 10")
    with FileLock(run / "run.lock"):
        assert states(grid)["bce-0"] == ("running", "step 5 of 10")


def test_a_cell_that_has_not_begun_has_no_remark_about_files_that_it_has_not_written(grid):
    assert [result.remarks for result in read_results(grid)] == [(), ()]
