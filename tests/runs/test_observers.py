"""Observers that are chosen by name: they hear all of a run, and neither end nor change it, whatever they do."""

import csv
import importlib
import json
import os
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch

import ganzoo as package
from ganzoo.errors import ConfigError, DivergedError
from ganzoo.runs import observer as observing
from ganzoo.runs.run import Run
from ganzoo.runs.train import train_run
from ganzoo.zoo.plugins import load_zoo
from support.runs import TINY, assert_equal_runs, ganzoo, train

LINES = Path(__file__).parents[1] / "support" / "methods" / "mlflow_like.py"
SMALL = {"model.width": 16, "model.depth": 1, "model.z_dim": 4, "optim.batch_size": 8, "train.log_every": 2}
SMALL |= {"train.sample_every": 4, "eval.samples": 32, "eval.metrics": "fid", "dataset.image_size": 8}


def zoo_with(**observers):
    zoo = load_zoo(disabled=["all"])
    zoo.add("mine", "register_observers", "observer", observers)
    return zoo


def run(zoo, out, steps=4, own=None, **keywords):
    """Train four steps on a CPU, and return the run and the remarks."""
    notes, own = [], own or package.Observer()
    own.note = notes.append
    words = {"model": "mlp", "dataset": "digits", "device": "cpu", "steps": steps, **keywords}
    words |= {"scores": False} if "scores" not in words else {}
    return Run(train_run(None, words, SMALL, zoo, out, own), zoo), notes


@dataclass
class Heard(package.Observer):
    """Keep what it is told; nobody's invention."""

    told: ClassVar = []  # of all

    def start(self, settings, path, step):
        self.told.append(("start", settings["train.steps"], settings["train.device"], path.is_absolute(), step))

    def record(self, record):
        self.told.append(("record", record["step"]))
        record.clear()

    def evaluation(self, record):
        self.told.append(("evaluation", record["step"], record.get("checkpoint"), record["name"], record["value"]))

    def sample_grid(self, step, path):
        self.told.append(("sample_grid", step, path.is_file()))

    def end(self, state):
        self.told.append(("end", state))


@pytest.fixture
def heard():
    Heard.told.clear()
    return Heard.told


def test_an_observer_hears_a_whole_run_in_order_and_its_full_scores_before_the_end(tmp_path, heard):
    one, notes = run(zoo_with(heard=Heard), tmp_path / "a", observe=["heard"], scores=True, eval_every=4)
    assert heard[0] == ("start", 4, "cpu", True, 0)
    assert heard[1:4] == [("record", 2), ("record", 4), ("sample_grid", 4, True)]
    scores = {report["checkpoint"]: report["scores"]["FD(digits-cnn)-32"]["value"] for report in one.scores}
    assert heard[4][:4] == ("evaluation", 4, None, "FD(digits-cnn)-16")
    finals = [told for told in heard[5:-1] if told[3].startswith("FD")]
    assert finals == [("evaluation", 4, name, "FD(digits-cnn)-32", scores[name]) for name in ("last", "best")]
    assert heard[-1] == ("end", "complete") and [note for note in notes if "observer" in note] == []
    assert one.log[0]["step"] == 2  # though the observer cleared its copy of the record


def test_a_run_that_goes_on_remembers_its_observers_and_may_change_them_freely(tmp_path, heard):
    zoo = zoo_with(heard=Heard)
    one, _ = run(zoo, tmp_path / "a", observe="heard")
    one.resume(steps=6)
    assert heard[5:] == [("start", 6, "cpu", True, 4), ("record", 6), ("sample_grid", 6, True), ("end", "complete")]
    one.resume(steps=8, options={"train.observe": ""})
    assert len(heard) == 9
    assert Run(one.path, load_zoo(disabled=["all"])).config.train.observe == ""


def test_a_run_goes_on_without_the_plugin_of_its_observer(tmp_path):
    one, _ = run(zoo_with(heard=Heard), tmp_path / "a", observe="heard")
    own = package.Observer()
    notes = []
    own.note = notes.append
    Run(one.path, load_zoo(disabled=["all"])).resume(steps=6, observer=own)
    (said,) = [note for note in notes if "observer" in note]
    assert said.startswith("observer 'heard' fails in start: no observer is named 'heard'")
    with pytest.raises(ConfigError, match=r"no observer is named 'herd'\. Did you mean 'heard'"):
        one.resume(steps=8, options={"train.observe": "herd"})


def test_a_name_that_nothing_has_is_refused_before_anything_is_made(tmp_path):
    refused = train(tmp_path / "a", "--observe", "cvs", code=2)
    assert "no observer is named 'cvs'. Did you mean 'csv'?" in refused.stderr
    assert not (tmp_path / "a").exists()


def test_options_of_an_observer_are_those_of_its_table(tmp_path):
    words = ["--plugin", LINES, "run", *TINY, "--steps=2", "--no-scores", "--set=train.log_every=1"]
    words += ["--observe", "tracker", "--set", "observer.tracker.server=mine.jsonl"]
    said = ganzoo(*words, "--out", tmp_path / "a", "--json")
    assert json.loads(said.stdout)["run"] == str(tmp_path / "a")
    events = [json.loads(line) for line in (tmp_path / "a" / "mine.jsonl").read_text().splitlines()]
    assert [event["event"] for event in events] == ["start_run", *["log_metrics"] * 2, "log_artifact", "end_run"]
    assert events[0]["params"]["observer.tracker.server"] == "mine.jsonl" and events[-1]["status"] == "FINISHED"
    refused = ganzoo(*words[:-1], "observer.tracker.sever=mine", "--out", tmp_path / "b", code=2)
    assert "observer.tracker.sever: no such option. Did you mean 'server'?" in refused.stderr


def test_tables_of_csv_have_the_records_of_the_log_also_after_a_run_went_on(tmp_path):
    one, _ = run(load_zoo(disabled=["all"]), tmp_path / "a", observe="csv", eval_every=4)
    with (one.path / "log.csv").open("a") as file:
        file.write("6,48,of,a,kill\r\n")
    one.resume(steps=8)
    with (one.path / "log.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [{name: float(number) for name, number in row.items()} for row in rows] == list(one.log)
    with (one.path / "evaluations.csv").open(newline="") as file:
        assert [(row["step"], row["checkpoint"]) for row in csv.DictReader(file)] == [("4", ""), ("8", "")]


# Faults


@dataclass
class Rude(package.Observer):
    """Change all that it can, and raise; nobody's invention."""

    error = ValueError("no")

    def _spoil(self, *told):
        torch.manual_seed(1), np.random.seed(1), random.seed(1), torch.rand(3)
        torch.set_default_dtype(torch.float64), torch.set_grad_enabled(False), os.chdir("/")
        torch.use_deterministic_algorithms(True)
        print("rude")
        raise self.error

    start = record = evaluation = sample_grid = note = step = end = _spoil


@dataclass
class RudeLater(Rude):
    """The same, once it has begun; nobody's invention."""

    error = SystemExit(3)

    def start(self, settings, path, step):
        pass


@dataclass
class Unmade(package.Observer):
    """Cannot be made; nobody's invention."""

    def __post_init__(self):
        importlib.import_module("a_package_that_is_not_here")


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """A run that nobody watches."""
    return run(load_zoo(disabled=["all"]), tmp_path_factory.mktemp("alone") / "a")[0].path


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("rude", "fails in start: ValueError: no"),
        ("later", "fails in step: SystemExit: 3"),
        ("unmade", "fails in start: ModuleNotFoundError: No module named 'a_package_that_is_not_here'"),
    ],
)
def test_a_fault_is_one_remark_and_the_run_has_the_bits_of_one_that_nobody_watches(tmp_path, alone, name, said):
    zoo = zoo_with(rude=Rude, later=RudeLater, unmade=Unmade)
    folder = Path.cwd()
    one, notes = run(zoo, tmp_path / "a", observe=name)
    faults = [note for note in notes if " fails " in note]
    assert len(faults) == 1 and faults[0].startswith(f"observer {name!r} {said} (")
    assert one.status["state"] == "complete"
    assert_equal_runs(one.path, alone)
    assert (Path.cwd(), torch.get_default_dtype(), torch.is_grad_enabled()) == (folder, torch.float32, True)
    if name != "unmade":
        (changes,) = [note for note in notes if " changes " in note]
        assert "the random state of torch" in changes and "the working folder" in changes


def test_ctrl_c_of_the_user_ends_a_run_and_is_told(tmp_path, heard):
    @dataclass
    class Typed(Heard):
        """As at a prompt, where a second Ctrl-C raises; nobody's invention."""

        def record(self, record):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(zoo_with(typed=Typed), tmp_path / "a", observe="typed")
    assert heard[-1] == ("end", "interrupted") and Run(tmp_path / "a").status["state"] == "interrupted"


def test_a_run_that_diverges_says_so_at_its_end(tmp_path, heard, monkeypatch):
    def diverge(*values):
        raise DivergedError("loss nan")

    monkeypatch.setattr("ganzoo.runs.session.train", diverge)
    with pytest.raises(DivergedError):
        run(zoo_with(heard=Heard), tmp_path / "a", observe="heard")
    assert heard[1:] == [("end", "diverged")]


def test_a_slow_observer_is_named_once_and_its_time_is_no_training(tmp_path, monkeypatch):
    @dataclass
    class Slow(package.Observer):
        """Sleep; nobody's invention."""

        def record(self, record):
            time.sleep(0.3)

    monkeypatch.setattr(observing, "SLOW", 0.2)
    one, notes = run(zoo_with(slow=Slow), tmp_path / "a", observe="slow")
    assert [note for note in notes if "slow" in note] == [
        "observer 'slow' has taken 0 s so far, for which the run waits; its clock does not"
    ]
    assert one.log[-1]["seconds"] < 0.3


def test_the_author_of_an_observer_sees_its_errors(tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_STRICT_PLUGINS", "1")
    with pytest.raises(ValueError, match="no"):
        run(zoo_with(rude=Rude), tmp_path / "a", observe="rude")
