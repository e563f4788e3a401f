"""A run that diverges and goes back: how often, with which rates, and that a kill in between changes nothing."""

import json
import math

import pytest

from ganzoo.builtin.losses import NonSaturating
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.run import Run
from ganzoo.training import rollback
from ganzoo.training.graphs import eager_updates
from ganzoo.training.randomness import derive_seed
from support.runs import ganzoo, log, state, train
from support.states import same

ROLLBACK = ["--on-nan", "rollback", "--set=train.save_every=3", "--set=train.log_every=1", "--no-scores"]


@pytest.fixture
def broken(monkeypatch):
    """A function that lets the loss of D be nan at some of its updates, which it counts from now on."""
    honest, calls = NonSaturating.discriminator_loss, []

    def break_at(*updates, after=math.inf):
        calls.clear()

        def loss(self, *, real, fake):
            if len(real) > 4:  # not a trial by which operations are counted
                calls.append(1)
            value = honest(self, real=real, fake=fake)
            return value * math.nan if len(calls) in updates or len(calls) > after else value

        monkeypatch.setattr(NonSaturating, "discriminator_loss", loss)

    return break_at


def rates(run):
    return {record["step"]: record["lr/d"] for record in log(run)}


@pytest.mark.fault("a loss is nan once, with --on-nan rollback", "the run goes back with half the rates, exit 0", "F43")
def test_a_run_goes_back_to_its_last_checkpoint_with_half_the_rates(tmp_path, broken):
    broken(5)
    said = train(tmp_path / "run", *ROLLBACK, steps=6).stderr
    assert "diverged by step 5: d/adversarial is nan; rolled back to step 3 (1/3), rates x 0.5" in said
    whole = Run(tmp_path / "run").config.optim.lr_d
    assert rates(tmp_path / "run") == {step: whole * (1 if step <= 3 else 0.5) for step in range(1, 7)}
    (record,) = json.loads((tmp_path / "run" / "rollbacks.json").read_text())["rollbacks"]
    assert record == {"diverged": 5, "step": 3, "what": "diverged by step 5: d/adversarial is nan"}


@pytest.mark.fault("a run is ended after a rollback", "resumed, it ends in the bits of one that was not", "F43")
def test_a_run_that_went_back_resumes_exactly(tmp_path, broken):
    broken(5)
    train(tmp_path / "whole", *ROLLBACK, steps=8)
    for name, reached in ("before", 3), ("after", 6):  # its next checkpoint, and the one with the rollback
        broken(5)
        train(tmp_path / name, *ROLLBACK, steps=max(reached, 5))
        folder = RunFolder(tmp_path / name)
        for path in [path for path in folder.checkpoints.glob("step-*") if int(path.stem[-2:]) > reached]:
            path.unlink()
        folder.write_status("running", reached, 8)
        broken()
        ganzoo("resume", folder.path, "--steps", 8)
        assert same(state(folder.path), state(tmp_path / "whole"))
        assert log(folder.path) == log(tmp_path / "whole")
        assert (folder.rollbacks).read_bytes() == (tmp_path / "whole" / "rollbacks.json").read_bytes()


@pytest.mark.fault("a loss is nan for ever, with --on-nan rollback", "three rollbacks, then exit 6", "F44")
def test_a_run_goes_back_three_times_and_then_ends(tmp_path, broken):
    broken(after=4)
    said = train(tmp_path / "run", *ROLLBACK, steps=8, code=6).stderr
    assert [f"rolled back to step 3 ({k}/3), rates x {0.5**k:g}" in said for k in (1, 2, 3)] == [True] * 3
    assert "d/adversarial is nan, after 3 rollbacks" in said and "last good checkpoint: step 3" in said
    assert Run(tmp_path / "run").folder.read_status().state == "diverged"
    assert len(json.loads((tmp_path / "run" / "rollbacks.json").read_text())["rollbacks"]) == 3


def test_a_run_stops_at_the_first_nan_by_default_and_may_be_told_to_go_back_later(tmp_path, broken):
    broken(5)
    train(tmp_path / "run", "--set=train.save_every=3", "--set=train.log_every=1", "--no-scores", steps=6, code=6)
    broken(2)
    ganzoo("resume", tmp_path / "run", "--set", "train.on_nan=rollback")
    assert Run(tmp_path / "run").folder.read_status().state == "complete"


def test_data_and_noise_differ_after_each_rollback_and_without_one_follow_the_seed():
    assert derive_seed(7, 0) == 7
    assert len({derive_seed(seed, k) for seed in (0, 7) for k in range(4)}) == 8


def test_captured_steps_are_dropped_since_the_optimisers_have_new_memory(tmp_path, broken, monkeypatch):
    chosen = []
    monkeypatch.setattr(rollback, "choose_updates", lambda gan, optim, note: chosen.append(1) or eager_updates(gan))
    broken(2)
    train(tmp_path / "run", *ROLLBACK, steps=2)
    assert chosen == [1]
