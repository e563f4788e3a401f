"""Real runs on points of the plane."""

import os
import signal

import ganzoo_losses
import pytest
import torch

import ganzoo

OPTIONS = {"model.width": 8, "optim.batch_size": 8, "eval.at_end": False, "train.device": "cpu"}


class Interruption(ganzoo.Observer):
    """Asks the process to stop after the first step, as a batch system does."""

    def step(self, step):
        if step == 1:
            os.kill(os.getpid(), signal.SIGTERM)


def train(path, loss, **more):
    return ganzoo.run(model="mlp", loss=loss, dataset="gaussians8", options=OPTIONS, steps=2, out=path, **more)


def final_state(run):
    return torch.load(sorted((run.path / "checkpoints").glob("step-*.pt"))[-1], weights_only=True)


@pytest.mark.parametrize("loss", ganzoo_losses.register_losses())
def test_an_interrupted_run_ends_bit_for_bit_like_a_whole_one(loss, tmp_path):
    whole = train(tmp_path / "whole", loss)
    with pytest.raises(ganzoo.RunInterrupted):
        train(tmp_path / "run", loss, observer=Interruption())
    resumed = ganzoo.Run(tmp_path / "run").resume()
    one, other = final_state(whole), final_state(resumed)
    assert one["step"] == other["step"] == 2
    for network in ("G", "D", "G_ema"):
        assert one[network].keys() == other[network].keys()
        assert all(torch.equal(one[network][name], other[network][name]) for name in one[network])
