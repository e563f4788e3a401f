"""`ganzoo compare` as a user meets it: what it says while cells run, what it ends with, how it exits."""

import json

import pytest

from support.runs import ganzoo
from support.scripted_engine import ENGINE


@pytest.fixture
def compare(tmp_path):
    (tmp_path / "scripted.py").write_text(ENGINE)

    def run(*words, code=0):
        plugin = ["--plugin", tmp_path / "scripted.py"]
        common = ["--model=mlp", "--seeds=0", "--engine=scripted", "--out", tmp_path / "grid"]
        return ganzoo(*plugin, "compare", *common, *words, code=code)

    return run


def test_each_cell_is_a_line_with_its_ending_and_the_end_is_a_table(compare):
    result = compare("--loss=bce,wgan,hinge", "--set=engine.grumble=alas", code=8)
    lines = result.stderr.splitlines()
    assert lines[0] == "3 cells to run, 0 there already" and lines.pop(1).startswith("grid folder: ")
    assert lines[1] == "1/3  mlp-bce-none-s0  complete in 3 min 20 s  (not scored)"
    assert lines[2] == "2/3  mlp-wgan-none-s0  diverged in 2 s: diverged by step 3: alas"
    assert lines[3] == "3/3  mlp-hinge-none-s0  failed in 2 s: killed by signal 9 (SIGKILL, out of memory?)"
    assert "2 of 3 cells diverged, failed or ran out of time: mlp-wgan-none-s0, mlp-hinge-none-s0" in result.stderr
    assert "--retry failed" in result.stderr
    assert "diverged 1/1" in result.stdout
    assert "ganzoo table " in result.stdout


def test_a_grid_of_which_all_is_there_says_so_and_ends_well(compare):
    compare("--loss=bce")
    line, place = compare("--loss=bce").stderr.splitlines()
    assert line == "0 cells to run, 1 there already" and place.startswith("grid folder: ")


def test_json_has_every_cell_with_its_reason_and_the_table(compare):
    shown = json.loads(compare("--loss=bce,wgan", "--json", code=8).stdout)
    assert {name: cell["state"] for name, cell in shown["cells"].items()} == {
        "mlp-bce-none-s0": "complete",
        "mlp-wgan-none-s0": "diverged",
    }
    assert shown["cells"]["mlp-wgan-none-s0"]["reason"].startswith("diverged by step 3")
    assert [len(table["rows"]) for table in shown["tables"]] == [2]


def test_without_a_folder_the_same_request_finds_its_own_again(compare, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plugin = ["--plugin", tmp_path / "scripted.py"]
    words = [*plugin, "compare", "--model=mlp", "--loss=bce", "--engine=scripted"]
    for seeds in ("0..1", "0..1", "0..2"):
        ganzoo(*words, "--seeds", seeds)
    assert len(list((tmp_path / "runs").glob("grid-*/grid.json"))) == 2


def test_a_plugin_that_the_grid_needs_is_loaded_by_its_cells_too(compare, tmp_path):
    looks = 'assert "--plugin" in cell.program\n            cell.folder.mkdir'
    source = (tmp_path / "scripted.py").read_text().replace("cell.folder.mkdir", looks)
    (tmp_path / "scripted.py").write_text(source)
    compare("--loss=bce")
