"""Files of a grid that are gone or damaged: what is lost runs again, the rest is written anew, nothing is deleted."""

import json
import shutil

import pytest

from ganzoo.cells import Ending
from ganzoo.contracts import Engine
from ganzoo.errors import CheckpointError, DamageWarning
from ganzoo.grid.config import GridConfig
from ganzoo.grid.records import read_plan
from ganzoo.grid.run import GridObserver, Policy, run_grid
from ganzoo.grid.verify import verify_grid
from ganzoo.results.read import read_results
from ganzoo.runs.folder import RunFolder
from ganzoo.settings.toml import from_tables, unflatten

REQUEST = GridConfig({"model": ["mlp"], "loss": ["bce", "wgan"]}, seeds=(0, 1))
NAMES = ["mlp-bce-s0", "mlp-wgan-s0", "mlp-bce-s1", "mlp-wgan-s1"]


class Runs(Engine):
    """Writes a run that is complete into the folder of each cell, and remembers which cells it was given."""

    def __init__(self):
        self.given = []

    def run(self, cells):
        for cell in cells:
            self.given.append(cell.name)
            assert not cell.folder.exists() or not any(cell.folder.iterdir()), "ganzoo run needs an empty folder"
            folder = RunFolder(cell.folder)
            (folder.path / "checkpoints").mkdir(parents=True)
            plan = read_plan(cell.folder.parents[1])
            folder.write_recipe(from_tables(unflatten(plan.cells[cell.name].settings)))
            folder.write_json(folder.manifest, {"data": {}})
            folder.write_json(folder.scores, {"reports": []})
            (folder.checkpoints / "step-00000010.json").write_text("{}")
            folder.log.write_text(json.dumps({"step": 10, "images": 640, "seconds": 1.0}) + "\n")
            folder.write_status("complete", 10, 10)
            yield cell, Ending("complete", seconds=1.0)


def conduct(zoo, path):
    """Run the grid; return the states, and the cells that were run."""
    engine = Runs()
    return run_grid(REQUEST, zoo, engine, path, GridObserver(), policy=Policy()), engine.given


@pytest.fixture
def grid(zoo, tmp_path):
    assert conduct(zoo, tmp_path / "grid")[1] == NAMES
    return tmp_path / "grid"


def states(grid):
    return {result.name: (result.state, result.reason) for result in read_results([grid])}


def empty(folder):
    shutil.rmtree(folder)
    folder.mkdir()


@pytest.mark.parametrize("remove", [shutil.rmtree, empty])
@pytest.mark.fault("the folder of a cell that ended is removed or emptied", "the cell is missing, and runs again alone")
def test_a_cell_whose_folder_is_gone_is_missing_and_runs_again(zoo, grid, remove):
    remove(grid / "cells" / "mlp-wgan-s0")
    state, reason = states(grid)["mlp-wgan-s0"]
    assert (state, reason) == ("missing", "its run folder is gone: the same ganzoo compare runs it again")
    found, given = conduct(zoo, grid)
    assert (given, set(found.values())) == (["mlp-wgan-s0"], {"complete"})
    assert states(grid)["mlp-wgan-s0"] == ("complete", "")


@pytest.mark.fault("a cell that is complete loses its checkpoints", "its scores stand; without them it runs again")
def test_a_complete_cell_without_checkpoints_stands_by_its_scores_alone(zoo, grid):
    for name in NAMES[:2]:
        shutil.rmtree(grid / "cells" / name / "checkpoints")
    (grid / "cells" / NAMES[0] / "scores.json").unlink()
    assert states(grid)[NAMES[0]][0] == "missing" and states(grid)[NAMES[1]][0] == "complete"
    with pytest.warns(DamageWarning, match="its checkpoints are gone; moved to discarded"):
        assert conduct(zoo, grid)[1] == [NAMES[0]]
    assert (grid / "discarded" / f"{NAMES[0]}.1" / "log.jsonl").is_file()


@pytest.mark.fault("the logs of the cells of a grid are removed", "nothing runs again")
def test_logs_are_no_part_of_a_result(zoo, grid):
    shutil.rmtree(grid / "logs", ignore_errors=True)
    assert conduct(zoo, grid)[1] == []


@pytest.mark.parametrize("content", [None, b"", b'{"cells": {"mlp', bytes(50), b"[]", b'{"cells": 3}', b"\xff\xfe"])
@pytest.mark.fault("grid.json is removed or damaged", "the same compare writes it anew, and no cell runs again")
def test_the_plan_is_written_anew_by_the_same_command(zoo, grid, content):
    plan = grid / "grid.json"
    whole = json.loads(plan.read_bytes())
    plan.unlink() if content is None else plan.write_bytes(content)
    if content is None:
        assert conduct(zoo, grid)[1] == []
    else:
        with pytest.warns(DamageWarning, match=r"grid.json cannot be read: .*; this command writes it anew"):
            assert conduct(zoo, grid)[1] == []
    assert json.loads(plan.read_bytes())["cells"] == whole["cells"]


@pytest.mark.fault("grid.json is damaged", "a table shows its cells as runs on their own, and names the file")
def test_cells_of_a_damaged_plan_are_runs(grid):
    (grid / "grid.json").write_bytes(bytes(50))
    found = read_results([grid])
    assert [result.state for result in found] == ["unreadable", *["complete"] * 4]
    assert "grid.json cannot be read" in found[0].reason


@pytest.mark.fault("a line in the middle of cells.jsonl is damaged", "it is set aside and named, and the rest is kept")
def test_a_damaged_line_costs_its_cell_alone(zoo, grid):
    path = grid / "cells.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], b"\xff garbage\n", *lines[2:]]))
    assert [result.remarks for result in read_results([grid])][1:] == [()] * 3
    assert "line 2 is damaged (byte 0 is not UTF-8)" in read_results([grid])[0].remarks[0]
    assert states(grid)["mlp-wgan-s0"] == ("complete", "")  # as its run says
    before = {name for name in NAMES if name != "mlp-wgan-s0"}
    shutil.rmtree(grid / "cells" / "mlp-wgan-s0")
    with pytest.warns(DamageWarning, match="what is damaged is in cells.jsonl.damaged"):
        found, given = conduct(zoo, grid)
    assert given == ["mlp-wgan-s0"] and before | {*given} == {*found}
    assert (grid / "cells.jsonl.damaged").read_bytes() == b"\xff garbage\n"


@pytest.mark.fault("cells.jsonl is a folder", "exit 5 with the command that moves it away")
def test_endings_that_are_no_file_are_refused_by_name(zoo, grid):
    (grid / "cells.jsonl").unlink()
    (grid / "cells.jsonl").mkdir()
    assert set(states(grid).values()) == {("complete", "")}
    with pytest.raises(CheckpointError, match=r"cells.jsonl cannot be read: it is a folder") as caught:
        conduct(zoo, grid)
    assert caught.value.hint == f"mv {grid}/cells.jsonl {grid}/cells.jsonl.damaged"


@pytest.mark.fault("the recipe of a cell is damaged", "it is written anew from the plan, and the cell stands")
def test_a_recipe_is_written_anew(zoo, grid):
    recipe = grid / "cells" / NAMES[0] / "recipe.toml"
    whole = recipe.read_bytes()
    recipe.write_bytes(bytes(50))
    with pytest.warns(DamageWarning, match=r"moved to recipe.toml.damaged, and written anew"):
        assert conduct(zoo, grid)[1] == []
    assert recipe.read_bytes() == whole


@pytest.mark.fault("a plan names a cell outside its folder", "it cannot be read")
def test_a_cell_lies_in_its_grid(grid):
    plan = json.loads((grid / "grid.json").read_bytes())
    plan["cells"]["../../elsewhere"] = plan["cells"][NAMES[0]]
    (grid / "grid.json").write_text(json.dumps(plan))
    with pytest.raises(CheckpointError, match=r"'\.\./\.\./elsewhere' is no name of a cell"):
        read_plan(grid)


@pytest.mark.fault("two cells of a grid are swapped", "both are missing, with what differs, and none of their scores")
def test_a_cell_that_holds_another_run_is_missing(grid):
    first, second = (grid / "cells" / name for name in NAMES[:2])
    first.rename(grid / "aside")
    second.rename(first)
    (grid / "aside").rename(second)
    found = states(grid)
    assert found["mlp-bce-s0"][0] == found["mlp-wgan-s0"][0] == "missing"
    assert "its folder holds a run of other settings (" in found["mlp-bce-s0"][1]
    assert "loss.name bce -> wgan" in found["mlp-bce-s0"][1] and "move it away" in found["mlp-bce-s0"][1]
    assert found["mlp-bce-s1"] == found["mlp-wgan-s1"] == ("complete", "")
    damaged = {verdict.name: verdict.what for verdict in verify_grid(grid) if verdict.is_needed}
    assert "loss.name wgan -> bce" in damaged["cells/mlp-wgan-s0"]


@pytest.mark.fault("cells.jsonl holds a state that no cell ends in", "the line is damaged, and the one before counts")
def test_an_ending_of_an_unknown_state_is_damaged(grid):
    with (grid / "cells.jsonl").open("a") as file:
        file.write(json.dumps({"cell": NAMES[0], "state": "happy"}) + "\n")
    assert states(grid)[NAMES[0]] == ("complete", "")
