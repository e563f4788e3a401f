"""A run folder of an older ganzoo goes on, and is sampled, scored, diagnosed and tabled.

Commit e754a61 of ganzoo 0.1.0 wrote `tests/support/old_run/run`; `resumed.jsonl` is what that code logged when
it trained a copy of the folder for four more steps.
"""

import json
import shutil

import pytest
from PIL import Image

from ganzoo.files import read_records
from ganzoo.runs.run import Run
from support.checkout import ROOT
from support.runs import ganzoo, log

OLD = ROOT / "tests" / "support" / "old_run"


@pytest.fixture
def run(tmp_path):
    return shutil.copytree(OLD / "run", tmp_path / "run")


@pytest.mark.fault("a run of an earlier version is resumed", "it goes on in the bits of the code that began it", "F10")
def test_it_goes_on_as_the_code_that_began_it_went_on(run):
    ganzoo("resume", run, "--steps", 10)
    assert Run(run).status["state"] == "complete"
    continued = log(run)[6:]
    assert continued == [pytest.approx(record, rel=1e-5, abs=1e-9) for record in read_records(OLD / "resumed.jsonl")]


@pytest.mark.parametrize(("checkpoint", "words"), [("last", []), ("best", ["--best"])])
def test_its_scores_are_what_they_were(run, checkpoint, words):
    (former,) = [report["scores"] for report in Run(run).scores if report["checkpoint"] == checkpoint]
    again = json.loads(ganzoo("evaluate", run, *words, "--json").stdout)["scores"]
    one, other = ({name: score["value"] for name, score in scores.items()} for scores in (former, again))
    assert other == pytest.approx(one, rel=1e-4)


def test_its_samples_are_drawn(run, tmp_path):
    ganzoo("sample", run, "--seed", 3, "-o", tmp_path / "grid.png")
    with Image.open(tmp_path / "grid.png") as grid, Image.open(run / "samples" / "step-000006.png") as former:
        assert (grid.mode, min(grid.size) > 8) == (former.mode, True)


def test_it_is_diagnosed(run):
    ganzoo("diagnose", run)
    assert json.loads((run / "diagnosis.json").read_text())["findings"]


def test_it_is_in_a_table(run):
    row = ganzoo("table", run, "--format", "csv").stdout
    assert "FD(digits-cnn)-32" in row and "gp" in row
