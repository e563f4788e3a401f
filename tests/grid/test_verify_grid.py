"""`ganzoo verify GRID`: its plan, its endings and the run of each cell."""

import json
import shutil

import pytest

from ganzoo.cells import Cell, Ending
from ganzoo.grid.folder import GridFolder
from ganzoo.grid.verify import repair_grid, verify_grid
from support.checkpoints import flip_bit
from support.damage import in_place_of, newest, spoil_line
from support.runs import contents, ganzoo, train

CELLS = ("mlp-s0", "mlp-s1")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A grid of two cells, of which the first has run."""
    grid = GridFolder(tmp_path_factory.mktemp("verify") / "grid")
    train(grid.run_folder("mlp-s0"), "--no-scores", "--set=train.save_every=2", "--set=train.log_every=2", steps=4)
    cell = Cell("mlp-s0", (), (), grid.run_folder("mlp-s0"), grid.log("mlp-s0"))
    grid.write_ending(cell, Ending("complete"))
    plan = {
        "schema": 1, "commands": [["ganzoo", "compare"]], "created": "", "axes": {"model.name": ["mlp"]},
        "seeds": [0, 1], "budget": None, "common": {}, "engine": {},
        "cells": {name: {"axes": {"model.name": "mlp"}, "seed": seed, "settings": {"train.steps": 4}, "refused": ""}
                  for seed, name in enumerate(CELLS)},
    }  # fmt: skip
    grid.plan.write_text(json.dumps(plan))
    return grid.path


@pytest.fixture
def grid(made, tmp_path):
    return shutil.copytree(made, tmp_path / "grid")


def states(grid):
    return {verdict.name: verdict.what for verdict in verify_grid(grid) if verdict.state == "damaged"}


def test_a_grid_is_whole_with_a_cell_that_has_not_begun(grid):
    before = contents(grid)
    verdicts = verify_grid(grid)
    assert {verdict.name for verdict in verdicts} >= {"grid.json", "cells.jsonl", "cells/mlp-s0/recipe.toml"}
    assert [(v.name, v.what) for v in verdicts if v.state != "whole"] == [("cells/mlp-s1", "not begun yet")]
    assert contents(grid) == before
    ganzoo("verify", grid)


@pytest.mark.fault(
    "files of a grid and of a cell's run are damaged", "verify names each, and --repair mends what can be mended", "F02"
)
def test_damage_of_a_grid_and_of_a_cell_is_named_and_mended(grid):
    spoil_line(grid / "cells.jsonl")
    flip_bit(newest(grid / "cells" / "mlp-s0"))
    assert states(grid).keys() >= {"cells.jsonl", "cells/mlp-s0/checkpoints/step-00000004.pt"}
    said = ganzoo("verify", grid, code=5)
    assert "damaged: cells.jsonl, cells/mlp-s0/" in said.stderr
    with pytest.warns(UserWarning, match="line 1 is damaged"):
        repairs = repair_grid(grid)
    assert {"cells.jsonl", "cells/mlp-s0/checkpoints/step-00000004.pt"} <= {repair.name for repair in repairs}
    assert states(grid) == {}
    mended = contents(grid)
    assert repair_grid(grid) == []
    assert {path: data for path, (data, _) in contents(grid).items()} == {p: data for p, (data, _) in mended.items()}


@pytest.mark.fault("the folder of a finished cell is gone", "verify says that it will run again")
def test_a_cell_whose_run_is_gone_is_named(grid):
    shutil.rmtree(grid / "cells" / "mlp-s0")
    assert states(grid) == {
        "cells/mlp-s0": "its run folder is gone, though it ended as complete: the same ganzoo compare runs it again"
    }


def test_what_is_wrong_with_the_plan_is_said(grid):
    (grid / "grid.json").write_bytes(b"")
    assert "empty" in states(grid)["grid.json"]
    in_place_of(grid / "grid.json", lambda path: path.symlink_to("/dev/zero"))
    assert states(grid)["grid.json"] == "a link to /dev/zero, which is not followed without --follow-links"


def test_a_cell_may_lie_elsewhere_and_all_cells_only_if_the_user_says_so(grid, tmp_path):
    cell, cells = grid / "cells" / "mlp-s0", grid / "cells"
    cell.rename(tmp_path / "elsewhere")
    cell.symlink_to(tmp_path / "elsewhere")
    assert states(grid) == {}
    cells.rename(tmp_path / "all")
    cells.symlink_to(tmp_path / "all")
    assert states(grid).keys() == {"cells"}
    assert [verdict for verdict in verify_grid(grid, follow_links=True) if verdict.state == "damaged"] == []
