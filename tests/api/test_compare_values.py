"""A grid in Python: its cells, its table, and what is said of cells that failed."""

import json
import sys
import types

import pytest

import ganzoo
from ganzoo.api import grid_progress, progress
from support.scripted_engine import ENGINE


@pytest.fixture
def zoo(tmp_path):
    (tmp_path / "scripted.py").write_text(ENGINE)
    return ganzoo.load_zoo(files=[tmp_path / "scripted.py"])


def compare(zoo, out, **words):
    words = {"model": "mlp", "seeds": 1, "engine": "scripted"} | words
    return ganzoo.compare(zoo=zoo, out=out, **words)


def test_a_grid_has_its_cells_runs_and_tables(zoo, tmp_path):
    grid = compare(zoo, str(tmp_path / "grid"), loss=["bce", "lsgan"], seeds=2)
    assert list(grid.states.values()) == ["complete"] * 4
    assert repr(grid) == f"Grid({str(tmp_path / 'grid')!r}, 4 complete)"
    assert [run.config.loss.name for run in grid.runs.values()] == ["bce", "lsgan", "bce", "lsgan"]
    assert [row.axes["loss.name"] for row in grid.table.rows] == ["bce", "lsgan"]
    assert "ganzoo-table" in grid._repr_html_() and "4 complete" in grid._repr_html_()
    assert ganzoo.Grid(tmp_path / "grid").states == grid.states


def test_cells_that_do_not_come_through_are_a_warning_with_the_way_out(zoo, tmp_path):
    with pytest.warns(UserWarning, match=r"2 of 3 cells did not come through: .*retry=\[\"failed\"\]") as caught:
        grid = compare(zoo, tmp_path / "grid", loss=["bce", "wgan", "hinge"], options={"engine.grumble": "alas"})
    assert [warning.filename for warning in caught] == [__file__]
    assert sorted(grid.states.values()) == ["complete", "diverged", "failed"]


def test_the_same_call_finds_its_own_folder_again(zoo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first, second = compare(zoo, None, loss="bce"), compare(zoo, None, loss=["bce"])
    assert first.path == second.path and first.path.parent.name == "runs"


def test_a_notebook_is_no_command_of_ganzoo(zoo, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/lib/ipykernel_launcher.py", "-f", "kernel.json"])
    compare(zoo, tmp_path / "grid")
    plan = json.loads((tmp_path / "grid" / "grid.json").read_text())
    assert plan["commands"] == [["ipykernel_launcher.py", "-f", "kernel.json"]]


@pytest.mark.parametrize("asked", [{"recipe": "."}, {"metric": "kid"}, {"group_by": ["loss"]}])
def test_the_arguments_of_a_table_lead_to_the_function_that_makes_one(asked):
    with pytest.raises(ganzoo.ConfigError, match="the table of runs that are there is make_table") as caught:
        ganzoo.compare(**asked)
    assert 'ganzoo.make_table("runs/grid")' in caught.value.hint


def test_results_in_place_of_recipes_lead_to_the_table_too(zoo, tmp_path):
    results = compare(zoo, tmp_path / "grid").results
    with pytest.raises(ganzoo.ConfigError, match="make_table"):
        ganzoo.compare(results)


@pytest.mark.parametrize(
    "wrong", [{"retry": "all"}, {"engine": "loca"}, {"lr": [1, 2]}, {"seed": 1}, {"loss": ["wgn"]}]
)
def test_what_is_wrong_is_an_error_of_ganzoo(wrong, tmp_path):
    with pytest.raises(ganzoo.ConfigError):
        ganzoo.compare(model="mlp", out=tmp_path / "grid", **wrong)
    assert not (tmp_path / "grid").exists()


def test_no_grid_says_how_to_make_one(tmp_path):
    with pytest.raises(ganzoo.CheckpointError, match="not the folder of a grid") as caught:
        ganzoo.Grid(tmp_path)
    assert caught.value.hint.startswith("ganzoo.compare(")


# Progress


def test_a_script_shows_nothing_and_whoever_asks_sees_lines(zoo, tmp_path, capsys):
    compare(zoo, tmp_path / "a")
    assert capsys.readouterr().err == ""
    compare(zoo, tmp_path / "b", progress=True)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"1 cell to run, 0 there already  ->  {tmp_path / 'b'}"
    assert lines[1] == "1 of 1: mlp-bce-none-s0 complete in 3 min 20 s"


class Shown:
    """A notebook that keeps what it shows."""

    def __init__(self, monkeypatch):
        self.pages = []
        display = types.ModuleType("IPython.display")
        display.HTML = lambda text: text
        display.display = lambda page, **_: self.pages.append(page) or self
        shell = types.SimpleNamespace(kernel=True)
        monkeypatch.setitem(sys.modules, "IPython.display", display)
        ipython = types.ModuleType("IPython")
        ipython.get_ipython, ipython.display = lambda: shell, display
        monkeypatch.setitem(sys.modules, "IPython", ipython)

    def update(self, page):
        self.pages.append(page)


def test_a_notebook_shows_a_bar_and_the_newest_grid_of_a_run(monkeypatch, tmp_path):
    shown = Shown(monkeypatch)
    settings = {"model.width": 8, "optim.batch_size": 8, "train.sample_every": 1, "train.log_every": 1}
    ganzoo.run(model="mlp", steps=2, image_size=8, scores=False, options=settings, out=tmp_path / "run")
    assert 'value="0" max="2"' in shown.pages[0] and 'value="2" max="2"' in shown.pages[-1]
    assert "data:image/png;base64," in shown.pages[-1] and "loss D" in shown.pages[-1]


def test_a_notebook_shows_the_table_while_a_grid_runs(zoo, monkeypatch, tmp_path):
    shown = Shown(monkeypatch)
    compare(zoo, tmp_path / "grid", loss=["bce", "lsgan"])
    assert [page.count("ganzoo-table") > 0 for page in shown.pages] == [False, True, False]
    assert "2 of 2 cells" in shown.pages[-1]


def test_progress_false_and_an_observer_of_ones_own_show_nothing_else(monkeypatch):
    Shown(monkeypatch)
    assert type(progress.choose_observer(False)) is ganzoo.Observer
    assert type(progress.choose_observer(None)) is progress.NotebookProgress
    assert type(grid_progress.choose_grid_observer(None)) is grid_progress.NotebookGrid
