"""What `ganzoo compare` shows while it runs: bars that fit in any terminal, and lines in a pipe."""

import io
import sys

import pytest
from rich.console import Console

from ganzoo.cells import Cell, Ending
from ganzoo.cli import grid_progress
from ganzoo.cli.grid_progress import GridDisplay
from ganzoo.grid.folder import GridFolder
from ganzoo.grid.watch import GridWatch, Watched


def make_cells(path, *names):
    return [Cell(name, ("ganzoo",), (), path / "cells" / name, path / "logs" / f"{name}.log") for name in names]


def make_running(cells):
    """A cell that trains 2 s a step, one that starts, and one that is scored."""
    trains = Watched(cells[0], 0.0, "training", 250, 1000, (10.0, 50), 410.0)
    return [trains, Watched(cells[1], 400.0, seen=410.0), Watched(cells[2], 0.0, "scoring", 1000, 1000, seen=410.0)]


def draw(path, width, names):
    cells = make_cells(path, *names)
    display = GridDisplay()
    display._watch, display._running = GridWatch(cells), make_running(cells)
    display._watch._running = {watched.cell.name: watched for watched in display._running}
    display._console = Console(file=io.StringIO(), width=width, height=24, force_terminal=True, color_system=None)
    display._console.print(display._render())
    return [line.rstrip() for line in display._console.file.getvalue().splitlines()]


@pytest.mark.parametrize("width", [80, 100, 120])
def test_a_grid_has_a_bar_and_each_running_cell_its_phase_and_time(tmp_path, width):
    head, trains, starts, scored = draw(tmp_path, width, ["dcgan-wgan-gp-s0", "dcgan-bce-none-s0", "c", "d"])
    assert head.startswith("0/4 cells ended  ━") and head.endswith("  3 running  1 waiting  about 25 min left")
    assert trains.startswith("  dcgan-wgan-gp-s0  training  ━") and trains.endswith("  250/1000  25 min left")
    assert starts == "  dcgan-bce-none-s0  starting"
    assert scored.startswith("  c  scoring  ━") and scored.endswith("━  1000/1000")
    assert max(map(len, (head, trains, starts, scored))) <= width


def test_a_long_name_is_cut_and_no_number_is(tmp_path):
    for line in draw(tmp_path, 40, ["sngan-hinge-sn-projection-cifar10-s0", "b", "c", "d"]):
        assert len(line) <= 40
    trains = draw(tmp_path, 40, ["sngan-hinge-sn-projection-cifar10-s0", "b", "c", "d"])[2]
    assert "…  training" in trains and trains.endswith("  250/1000")


def test_in_a_pipe_there_is_a_line_per_end_and_one_a_minute(tmp_path, monkeypatch):
    said = io.StringIO()
    monkeypatch.setattr(sys, "stderr", said)
    monkeypatch.setattr(grid_progress, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(grid_progress, "EVERY", 0.02)
    cells = make_cells(tmp_path, "a", "b")
    with GridDisplay() as display:
        display.start(GridFolder(tmp_path), cells, 1)
        cells[0].log.parent.mkdir()
        cells[0].log.touch()
        for _ in range(500):
            if "a: starting" in said.getvalue():
                break
            display._stopped.wait(0.01)
        display.end(cells[0], Ending("failed", "no memory", seconds=165_969.0))
    lines = said.getvalue().splitlines()
    assert lines[:2] == ["2 cells to run, 1 there already", f"grid folder: {tmp_path}"]
    assert "0/2 cells ended  1 running  1 waiting  a: starting" in lines
    assert "1/2  a  failed in 1 d 22 h: no memory" in lines
    assert "\x1b" not in said.getvalue()
