"""Commands that read a run whose folder takes no more files: they show what they found."""

import errno
import json
import os
import shutil

import pytest
from PIL import Image

from ganzoo.files import write_atomically
from support.disks import read_only
from support.runs import contents, ganzoo, train


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    out = tmp_path_factory.mktemp("trained") / "run"
    train(out, "--no-scores", "--set=train.sample_every=2", "--set=train.save_every=2")
    return out


@pytest.fixture
def blocked(trained, tmp_path, monkeypatch):
    """The run, where a file is in the way of its samples, and no other file can be written."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(trained, "run")
    shutil.rmtree(tmp_path / "run" / "samples")
    (tmp_path / "run" / "samples").write_text("in the way")

    def refuse(path, data):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    monkeypatch.setattr("ganzoo.runs.folder.write_atomically", refuse)
    return tmp_path / "run"


@pytest.mark.fault("scores.json cannot be written", "evaluate shows its scores, and that they were not kept")
def test_evaluate_shows_scores_that_it_cannot_keep(blocked, monkeypatch):
    shown = ganzoo("evaluate", blocked, "--json").stdout
    report = json.loads(shown)
    assert report["scores"]
    assert [text for text in report["warnings"] if "kept" in text] == [f"not kept in {blocked}: Read-only file system"]
    monkeypatch.setattr("ganzoo.runs.folder.write_atomically", write_atomically)
    report = json.loads(ganzoo("evaluate", blocked, "--json").stdout)
    assert json.loads((blocked / "scores.json").read_text())["reports"][0]["scores"] == report["scores"]
    assert [text for text in report["warnings"] if "kept" in text]  # the picture of the closest is not


@pytest.mark.fault("diagnosis.json cannot be written", "diagnose shows its findings, and that they were not kept")
def test_diagnose_shows_findings_that_it_cannot_keep(blocked):
    shown = ganzoo("diagnose", blocked).stdout
    assert "run at step 4" in shown and f"\nnote: not kept in {blocked}: Read-only file system\n" in shown


@pytest.mark.fault("samples/ cannot be written", "sample writes into the working folder, and says so")
def test_samples_of_a_run_that_takes_no_file_are_in_the_working_folder(blocked):
    result = ganzoo("sample", blocked, "--seed", 3)
    assert result.stdout == "run-sample-3.png\n"
    assert f"note: not kept in {blocked}: " in result.stderr and "see run-sample-3.png" in result.stderr
    with Image.open(blocked.parent / "run-sample-3.png") as picture:
        assert picture.size == (688, 740)  # 8 x 8 cells of 8 pixels, enlarged, and a caption


@pytest.mark.fault("--closest names a place that takes no file", "evaluate refuses it before anything is scored")
@pytest.mark.parametrize(
    ("flag", "name", "said"),
    [
        ("--closest", "run/recipe.toml/pairs.png", "cannot write there: "),
        ("--closest", "pairs.txt", ".txt is no format of pictures"),
        ("--write-reference", "run/recipe.toml/stats.npz", "cannot write there: "),
    ],
)
def test_a_file_that_was_asked_for_and_cannot_be_written_is_refused_at_once(blocked, monkeypatch, flag, name, said):
    monkeypatch.setattr("ganzoo.evaluation.evaluator.Evaluator.score", None)
    assert said in ganzoo("evaluate", blocked, flag, blocked.parent / name, code=10).stderr


@pytest.mark.full
@pytest.mark.fault("a run is on a read-only disk", "evaluate, diagnose and sample show what they found, with exit 0")
def test_nothing_of_a_run_on_a_read_only_disk_changes(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = contents(trained)
    with read_only(trained):
        assert "not kept in" in ganzoo("evaluate", trained).stdout
        assert "Read-only file system" in ganzoo("diagnose", trained).stdout
        assert ganzoo("sample", trained, "--interpolate").stdout == "run-interpolation-0.png\n"
        assert ganzoo("sample", trained, "--folder", "-n", 2).stdout == "run-images-0\n"
        assert ganzoo("sample", trained, "--training").stdout == "run-training.gif\n"
    assert contents(trained) == before
