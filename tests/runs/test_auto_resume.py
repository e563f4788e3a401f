"""One command that starts a run, goes on with it, and leaves it alone once it is complete."""

import json
import os
import signal

import pytest

import ganzoo as library
from ganzoo.errors import ConfigError, FolderError
from ganzoo.runs.folder import RunFolder
from support.lives import begin
from support.runs import HELD, TINY, assert_equal_runs, contents, ganzoo, train

WORDS = ["--loss=wgan", "--lipschitz=gp", "--set=train.save_every=3", "--set=train.log_every=1"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run of eight steps that was never stopped; tests only read it."""
    out = tmp_path_factory.mktemp("whole") / "run"
    train(out, *WORDS, steps=8)
    return out


def status(run):
    return json.loads((run / "status.json").read_text())


def test_a_new_folder_gets_a_run_and_the_complete_one_stays_as_it_is(whole, tmp_path):
    run = tmp_path / "run"
    train(run, *WORDS, "--auto-resume", steps=8)
    assert_equal_runs(run, whole)
    before = contents(run)
    result = train(run, *WORDS, "--auto-resume", steps=8)
    assert "already complete (8/8 steps)" in result.stderr
    assert contents(run) == before


HELD_AT = 7
"""The update of D in which the run is killed: after the checkpoint of step 3, within step 7."""


def test_a_run_killed_by_sigkill_ends_in_the_same_bits_by_the_same_command(tmp_path):
    (tmp_path / "held.py").write_text(HELD)
    words = ["--plugin", tmp_path / "held.py", "run", *TINY, "--loss=held", *WORDS[2:], "--steps=8", "--auto-resume"]
    ganzoo(*words, "--out", tmp_path / "whole")
    environment = {"HOLD": str(tmp_path), "HOLD_AT": str(HELD_AT)}
    previous = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        pid = begin([*words, "--out", tmp_path / "killed"], tmp_path / "output.txt")
    finally:
        for name, value in previous.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})
    while not (tmp_path / "reached").exists():
        ended, _ = os.waitpid(pid, os.WNOHANG)
        assert not ended, (tmp_path / "output.txt").read_text()
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert status(tmp_path / "killed")["state"] == "running"
    (tmp_path / "go").touch()
    ganzoo(*words, "--out", tmp_path / "killed")
    assert status(tmp_path / "killed")["state"] == "complete"
    assert_equal_runs(tmp_path / "killed", tmp_path / "whole")


def test_what_a_run_killed_before_its_first_step_leaves_does_not_stop_the_next(tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    for name in ("run.lock", "manifest.json", ".recipe.toml.tmp-1-2"):
        (run / name).touch()
    train(run, "--auto-resume", "--no-scores", steps=1)
    assert status(run)["state"] == "complete"


@pytest.mark.parametrize("name", ["thesis.tex", "manifest.json"])
def test_a_folder_of_something_else_is_refused_and_left_alone(tmp_path, name):
    (tmp_path / name).write_text("mine")
    result = train(tmp_path, "--auto-resume", code=10)
    assert "the path exists and is not a run folder" in result.stderr
    assert (tmp_path / name).read_text() == "mine"


@pytest.mark.parametrize(
    ("words", "changed", "hint"),
    [
        (["--steps=9"], "train.steps 8 -> 9", "ganzoo resume {run} --steps=9"),
        (["--set=train.save_every=4"], "train.save_every 3 -> 4", "ganzoo resume {run} --set=train.save_every=4"),
        (["--seed=1"], "train.seed 0 -> 1", "ganzoo resume {run} (the run that is there)"),
        (["--set=lipschitz.weight=5"], "lipschitz.weight 10.0 -> 5", "ganzoo resume {run} (the run that is there)"),
        (["--loss=bce"], 'loss.name "wgan" -> "bce"', "ganzoo resume {run} (the run that is there)"),
    ],
)
def test_a_run_with_other_settings_is_refused_with_those_that_differ(whole, words, changed, hint):
    before = contents(whole)
    result = train(whole, *WORDS, "--auto-resume", "--steps=8", *words, code=10)
    assert "the folder holds another run: " in result.stderr and changed in result.stderr
    assert f"--out OTHER_FOLDER, or {hint.format(run=whole)}" in result.stderr
    assert contents(whole) == before


def test_without_a_folder_it_is_refused():
    result = ganzoo("run", *TINY, "--auto-resume", code=2)
    assert "--auto-resume needs --out" in result.stderr


def test_python_starts_goes_on_and_leaves_alone(tmp_path):
    settings = {"model": "mlp", "dataset": "digits", "steps": 2, "scores": False, "out": tmp_path / "run"}
    settings |= {"options": {"model.width": 8, "model.depth": 1}, "batch_size": 4, "image_size": 8, "device": "cpu"}
    assert library.run(**settings, auto_resume=True).status["state"] == "complete"
    folder = RunFolder(tmp_path / "run")
    folder.write_status("interrupted", 1, 2)
    assert library.run(**settings, auto_resume=True).status == folder.read_json(folder.status)
    assert folder.read_status().state == "complete"
    with pytest.raises(FolderError, match=r"train\.steps 2 -> 3") as caught:
        library.run(**settings | {"steps": 3}, auto_resume=True)
    assert "ganzoo.Run(" in caught.value.hint
    with pytest.raises(ConfigError, match="auto_resume needs out"):
        library.run(**settings | {"out": None}, auto_resume=True)
