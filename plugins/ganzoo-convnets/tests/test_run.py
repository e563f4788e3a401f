"""Real runs on the digits that ship with ganzoo: each model, interrupted and resumed."""

import os
import signal

import pytest
import torch

import ganzoo.testing

OPTIONS = {
    "dataset.image_size": 16,
    "model.width": 4,
    "model.z_dim": 8,
    "optim.batch_size": 4,
    "eval.at_end": False,
    "train.device": "cpu",
}


class Interruption(ganzoo.Observer):
    """Asks the process to stop after the first step, as a batch system does."""

    def step(self, step):
        if step == 1:
            os.kill(os.getpid(), signal.SIGTERM)


def train(path, model, lipschitz, **more):
    chosen = {"model": model, "loss": "bce", "lipschitz": lipschitz, "dataset": "digits"}
    return ganzoo.run(**chosen, options=OPTIONS, steps=2, out=path, **more)


def final_state(run):
    return torch.load(sorted((run.path / "checkpoints").glob("step-*.pt"))[-1], weights_only=True)


@pytest.mark.parametrize(("model", "lipschitz"), [("sndcgan", "sn"), ("infogan", "none")])
def test_an_interrupted_run_ends_bit_for_bit_like_a_whole_one(model, lipschitz, tmp_path):
    whole = train(tmp_path / "whole", model, lipschitz)
    with pytest.raises(ganzoo.RunInterrupted):
        train(tmp_path / "run", model, lipschitz, observer=Interruption())
    resumed = ganzoo.Run(tmp_path / "run").resume()
    one, other = final_state(whole), final_state(resumed)
    assert one["step"] == other["step"] == 2
    for network in ("G", "D", "G_ema"):
        assert one[network].keys() == other[network].keys()
        assert all(torch.equal(one[network][name], other[network][name]) for name in one[network])
    assert whole.samples(4).shape == (4, 1, 16, 16)
    assert ganzoo.testing.check_export(whole, tmp_path) < 1e-5
