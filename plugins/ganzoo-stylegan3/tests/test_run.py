"""A real run on the digits that ship with ganzoo, interrupted and resumed."""

import os
import signal

import pytest
import torch

import ganzoo

SMALL = {"model": "stylegan3", "loss": "bce", "lipschitz": "r1", "conditioner": "projection", "dataset": "digits"}
OPTIONS = {
    "dataset.image_size": 16,
    "model.z_dim": 4,
    "model.w_dim": 4,
    "model.layers": 4,
    "model.channel_base": 64,
    "model.channel_max": 4,
    "model.width_d": 4,
    "optim.batch_size": 4,
    "eval.at_end": False,
    "train.device": "cpu",
}


class Interruption(ganzoo.Observer):
    """Asks the process to stop after the first step, as a batch system does."""

    def step(self, step):
        if step == 1:
            os.kill(os.getpid(), signal.SIGTERM)


def train(path, **more):
    return ganzoo.run(**SMALL, options=OPTIONS, steps=2, out=path, **more)


def final_state(run):
    return torch.load(sorted((run.path / "checkpoints").glob("step-*.pt"))[-1], weights_only=True)


def test_an_interrupted_run_ends_bit_for_bit_like_a_whole_one(tmp_path):
    whole = train(tmp_path / "whole")
    with pytest.raises(ganzoo.RunInterrupted):
        train(tmp_path / "run", observer=Interruption())
    resumed = ganzoo.Run(tmp_path / "run").resume()
    one, other = final_state(whole), final_state(resumed)
    assert one["step"] == other["step"] == 2
    for network in ("G", "D", "G_ema"):
        assert one[network].keys() == other[network].keys()
        assert all(torch.equal(one[network][name], other[network][name]) for name in one[network])
    assert whole.samples(4, label=1).shape == (4, 1, 16, 16)
