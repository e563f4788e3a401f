"""Real runs on the digits that ship with ganzoo: each model, interrupted and resumed."""

import os
import signal

import pytest
import torch

import ganzoo.testing

SMALL = {"loss": "hinge", "lipschitz": "sn", "conditioner": "projection", "dataset": "digits"}
OPTIONS = {
    "dataset.image_size": 32,
    "model.width": 4,
    "model.z_dim": 8,
    "lipschitz.generator": True,
    "conditioner.embedding_dim": 4,
    "optim.batch_size": 4,
    "eval.at_end": False,
    "train.device": "cpu",
}


class Interruption(ganzoo.Observer):
    """Asks the process to stop after the first step, as a batch system does."""

    def step(self, step):
        if step == 1:
            os.kill(os.getpid(), signal.SIGTERM)


def train(path, model, **more):
    return ganzoo.run(model=model, **SMALL, options=OPTIONS, steps=2, out=path, **more)


def final_state(run):
    return torch.load(sorted((run.path / "checkpoints").glob("step-*.pt"))[-1], weights_only=True)


@pytest.mark.parametrize("model", ["biggan", "biggan-deep"])
def test_an_interrupted_run_ends_bit_for_bit_like_a_whole_one(model, tmp_path):
    whole = train(tmp_path / "whole", model)
    with pytest.raises(ganzoo.RunInterrupted):
        train(tmp_path / "run", model, observer=Interruption())
    resumed = ganzoo.Run(tmp_path / "run").resume()
    one, other = final_state(whole), final_state(resumed)
    assert one["step"] == other["step"] == 2
    for network in ("G", "D", "G_ema"):
        assert one[network].keys() == other[network].keys()
        assert all(torch.equal(one[network][name], other[network][name]) for name in one[network])
    by_label = [whole.samples(1, label=label) for label in (0, 1)]
    assert by_label[0].shape == (1, 1, 32, 32) and not torch.equal(*by_label)
    assert ganzoo.testing.check_export(whole, tmp_path) < 1e-5
