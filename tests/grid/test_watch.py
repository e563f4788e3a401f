"""Cells as they run: phases, pace, and the time that the rest of a grid takes."""

import json
import os
import time

import pytest

from ganzoo.cells import Cell, Ending
from ganzoo.grid.watch import GridWatch


class Grid:
    """Cells whose files a test writes, and a clock that it sets."""

    def __init__(self, path, monkeypatch, count):
        self.path, self.now = path, 1000.0
        monkeypatch.setattr("ganzoo.grid.watch.time.monotonic", lambda: self.now)
        self.cells = [
            Cell(f"c{number}", ("ganzoo",), (), path / "cells" / f"c{number}", path / "logs" / f"c{number}.log")
            for number in range(count)
        ]
        (path / "logs").mkdir()
        self.watch = GridWatch(self.cells)

    def begin(self, *numbers):
        for number in numbers:
            self.cells[number].log.touch()
            self.cells[number].folder.mkdir(parents=True)

    def write(self, number, state, step, steps=100, logged=None):
        folder = self.cells[number].folder
        (folder / "status.json").write_text(json.dumps({"state": state, "step": step, "steps": steps}))
        if logged is not None:
            terms = ("d/adversarial", "d/penalty", "d/auxiliary", "g/adversarial", "score/real", "score/fake")
            record = {"step": logged, "images": 8, "seconds": 1.0, "images_per_s": 8.0, **dict.fromkeys(terms, 0.0)}
            (folder / "log.jsonl").write_text(json.dumps(record) + "\n")

    def look(self, now):
        self.now = now
        return self.watch.look()


@pytest.fixture
def grid(tmp_path, monkeypatch):
    return Grid(tmp_path, monkeypatch, 4)


def test_a_cell_starts_trains_and_is_scored(grid):
    assert grid.look(1000.0) == [] and grid.watch.waiting == 4
    grid.begin(0)
    assert [(w.phase, w.step) for w in grid.look(1001.0)] == [("starting", 0)]
    grid.write(0, "running", 0, logged=20)
    assert [(w.phase, w.step, w.steps) for w in grid.look(1010.0)] == [("training", 20, 100)]
    grid.write(0, "complete", 100)
    assert [(w.phase, w.step) for w in grid.look(1020.0)] == [("scoring", 100)]
    grid.watch.end(grid.cells[0], Ending("complete", seconds=25.0))
    assert grid.look(1025.0) == [] and grid.watch.waiting == 3


def test_the_time_left_follows_from_the_steps_of_the_first_wave(grid):
    """Two cells at once, 5 s to start and 1 s a step: 60 s are left of each, and two more of 85 s wait."""
    grid.begin(0, 1)
    grid.look(1000.0)
    assert grid.watch.seconds_left() is None
    for now, step in ((1005.0, 20), (1025.0, 40)):
        for number in (0, 1):
            grid.write(number, "running", 0, logged=step)
        running = grid.look(now)
    assert [w.seconds_per_step for w in running] == [1.0, 1.0]
    assert grid.watch.seconds_left() == (2 * 60 + 2 * 85) / 2
    assert grid.watch.share == pytest.approx((0.4 + 0.4) / 4)


def test_a_cell_that_goes_on_from_a_checkpoint_counts_the_steps_of_this_attempt(grid):
    grid.begin(0)
    grid.write(0, "interrupted", 50, logged=50)
    assert grid.look(1000.0)[0].phase == "starting"
    for now, step in ((1010.0, 50), (1020.0, 60)):
        grid.write(0, "running", 50, logged=step)
        (running,) = grid.look(now)
    assert running.left == 40.0


def test_cells_that_have_ended_tell_how_long_a_cell_takes(grid):
    grid.begin(0, 1)
    grid.look(1000.0)
    grid.watch.end(grid.cells[0], Ending("complete", seconds=30.0))
    grid.watch.end(grid.cells[1], Ending("failed", seconds=1.0))
    grid.begin(2)
    grid.look(1030.0)
    assert grid.look(1040.0)[0].phase == "starting"
    assert grid.watch.seconds_left() == 20.0 + 30.0


def test_the_log_of_an_attempt_before_is_not_a_beginning(grid):
    grid.begin(0)
    os.utime(grid.cells[0].log, (time.time() - 60,) * 2)
    assert grid.look(1000.0) == []


def test_a_damaged_file_leaves_a_cell_as_it_was(grid):
    grid.begin(0)
    grid.write(0, "running", 0, logged=20)
    grid.look(1000.0)
    (grid.cells[0].folder / "status.json").write_text('{"state": "run')
    assert [(w.phase, w.step) for w in grid.look(1001.0)] == [("training", 20)]
