"""`ganzoo table`: runs and grids to a table, on stdout or in a file."""

import json
import subprocess
import sys

import pytest

from ganzoo.runs.folder import RunFolder
from support.made_runs import FD, KD, make_report, write_grid, write_run
from support.runs import ganzoo

CELLS = {
    "bce-0": ("bce", 0, "complete", 10.0),
    "bce-1": ("bce", 1, "complete", 12.0),
    "wgan-0": ("wgan", 0, "complete", 5.0),
    "wgan-1": ("wgan", 1, "timeout", None),
    "gp-0": ("gp", 0, "refused", None),
    "gp-1": ("gp", 1, "missing", None),
}


@pytest.fixture
def runs(tmp_path):
    for seed in (0, 1, 2):
        for loss, score in (("bce", 20), ("wgan", 10)):
            scores = {FD: score + seed, KD: 30 - score - seed / 2}
            write_run(tmp_path / "runs" / f"{loss}-{seed}", scores, seed=seed, loss=loss)
    return tmp_path / "runs"


def test_runs_become_a_table(runs):
    lines = ganzoo("table", runs).stdout.splitlines()
    assert lines[0].split() == ["last"]
    assert lines[1].split() == ["loss", FD, "↓"]
    assert lines[2].split() == ["wgan", "11.0", "±", "2.5", "*"]
    assert lines[3].split() == ["bce", "21.0", "±", "2.5"]
    equal = "n 3, std 1.0, failed 0/3, images 640, time (min) 1:30, FLOPs 1.0e7, parameters 1.5k, memory (MB) 100"
    assert f"In all rows: {equal}." in lines


def test_the_columns_can_be_chosen(runs):
    lines = ganzoo("table", runs, "--columns=time,loss").stdout.splitlines()
    assert [line.split() for line in lines[:4]] == [["time"], ["(min)", "loss"], ["1:30", "wgan"], ["1:30", "bce"]]
    assert "In all rows" not in ganzoo("table", runs, "--columns=all").stdout
    refused = ganzoo("table", runs, "--columns=losses", code=2).stderr
    assert "no column is called 'losses'" in refused
    assert "--columns loss,n,last" in refused


def test_a_row_that_is_one_run_has_its_name(runs):
    write_run(runs / "alone", 15.0, seed=7, loss="hinge")
    assert "alone" not in ganzoo("table", runs).stdout
    lines = ganzoo("table", runs / "alone", runs / "bce-0").stdout.splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["run", "alone", "bce-0"]


def test_another_score_may_rank(runs):
    first = ganzoo("table", runs, "--metric=kid,fid").stdout.splitlines()
    assert first[2].split()[0] == "bce"
    assert first[1].split()[1:] == [KD, "↓", FD, "↓"]
    assert "no score is called 'lpips'" in ganzoo("table", runs, "--metric=lpips", code=2).stderr


def test_rows_may_be_sorted_and_grouped(runs):
    sorted_by_loss = ganzoo("table", runs, "--sort=loss").stdout.splitlines()
    assert [line.split()[0] for line in sorted_by_loss[2:4]] == ["bce", "wgan"]
    assert "no such axis" in ganzoo("table", runs, "--group-by=lr", code=2).stderr


def test_a_grid_shows_all_its_cells(tmp_path):
    grid = write_grid(tmp_path / "grid", CELLS)
    table = json.loads(ganzoo("table", grid, "--format=json").stdout)
    assert table["axes"] == ["model.name", "loss.name"]
    rows = {row["axes"]["loss.name"]: row for row in table["rows"]}
    assert (rows["wgan"]["rank"], rows["wgan"]["failures"]) == ("", {"timeout": 1})
    assert rows["bce"]["rank"] == "best"
    assert rows["gp"]["reason"] == "seed 0: refused: does not fit; seed 1: missing: not run yet"


def test_the_page_of_a_grid_says_how_it_was_made(tmp_path):
    write_grid(tmp_path / "grid", CELLS)
    ganzoo("table", tmp_path / "grid", "-o", tmp_path / "results.md")
    text = (tmp_path / "results.md").read_text()
    assert text.startswith("| model | loss | n |")
    assert "- Command: `ganzoo compare --loss bce,wgan`" in text
    assert "How it was made" not in ganzoo("table", tmp_path / "grid" / "cells", "--format=md").stdout


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("a.csv", "loss,rank"),
        ("a.tex", "% in the"),
        ("a.html", "<!doctype html>"),
        ("a.json", "{"),
        ("a.out", "   "),
    ],
)
def test_the_suffix_of_a_file_says_its_format(runs, tmp_path, name, start):
    assert ganzoo("table", runs, "-o", tmp_path / name).stdout == f"{tmp_path / name}\n"
    assert (tmp_path / name).read_text().startswith(start)


def test_a_file_that_cannot_be_written_is_named(runs, tmp_path):
    refused = ganzoo("table", runs, "-o", tmp_path / "absent" / "a.csv", code=9)
    assert "cannot write the table" in refused.stderr


def test_unlike_protocols_have_a_table_each_and_the_commands_that_make_one(runs):
    write_run(runs / "other", reports=[make_report(1.0, count=5000)], loss="hinge")
    shown = ganzoo("table", runs)
    first, second = shown.stdout.split(f"digits, {FD} (2)\n")
    assert first.startswith(f"digits, {FD} (1)\n")
    assert "11.0 ± 2.5  *" in first
    assert "hinge" not in first
    assert "1  *" in second
    assert "5000 images" in second
    assert "To rank all runs on digits together" in shown.stderr
    assert f"ganzoo evaluate {runs / 'other'} --samples 2000" in shown.stderr


def test_runs_on_different_data_have_a_table_each(runs):
    write_run(runs / "toy", 3.0, dataset="gaussians8")
    manifest = RunFolder(runs / "toy").manifest
    manifest.write_text(manifest.read_text().replace('"sha256": "d"', '"sha256": "e"'))
    shown = ganzoo("table", runs, "--format=md")
    assert [line for line in shown.stdout.splitlines() if line.startswith(("## d", "## g"))] == [
        "## digits",
        "## gaussians8",
    ]
    assert shown.stderr == ""
    assert "trained on different data" in ganzoo("table", runs, "--format=csv", code=7).stderr


def test_a_place_without_runs_is_refused(tmp_path):
    assert "this is not a run folder" in ganzoo("table", tmp_path, code=5).stderr
    assert "there is no such folder" in ganzoo("table", tmp_path / "absent", code=5).stderr


@pytest.mark.parametrize("shape", ["text", "md", "csv", "latex", "json", "html"])
def test_a_table_does_not_wait_for_torch(runs, shape):
    code = (
        "import sys; from ganzoo.cli import cli\n"
        "cli(sys.argv[1:], standalone_mode=False)\n"
        "print(sorted({'torch', 'scipy', 'numpy'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, "table", runs, "--format", shape]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines()[-1] == "[]"
