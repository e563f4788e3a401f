"""The check of whole runs: it passes for a healthy one, and finds what differs after an interruption."""

import pytest

import ganzoo.testing

OPTIONS = {"model.width": 8, "optim.batch_size": 8, "eval.at_end": False, "train.device": "cpu"}


def train(out, *, steps=2, options=(), **more):
    chosen = {"model": "mlp", "loss": "bce", "dataset": "gaussians8"}
    return ganzoo.run(**chosen, options=OPTIONS | dict(options), steps=steps, out=out, **more)


def test_the_whole_run_of_a_healthy_pair_is_returned(tmp_path):
    run = ganzoo.testing.check_resume(train, tmp_path)
    assert (run.path, run.status["state"]) == (tmp_path / "whole", "complete")


def test_weights_that_depend_on_the_interruption_are_found(tmp_path):
    def faster_if_observed(out, observer=None):
        return train(out, options={"optim.lr_g": 1e-2} if observer else (), observer=observer)

    with pytest.raises(ganzoo.testing.ConformanceError, match=r"\d+ parts differ: G\."):
        ganzoo.testing.check_resume(faster_if_observed, tmp_path)


def test_a_run_of_one_step_is_no_evidence(tmp_path):
    def short(out, observer=None):
        return train(out, steps=1, observer=observer)

    with pytest.raises(ganzoo.testing.ConformanceError, match="steps=2"):
        ganzoo.testing.check_resume(short, tmp_path)
