"""Real runs on points of the plane, with classes and with angles as labels."""

import os
import signal

import ganzoo_conditioners
import numpy as np
import pytest
import torch

import ganzoo

OPTIONS = {"model.width": 8, "optim.batch_size": 8, "eval.at_end": False, "train.device": "cpu"}


class Interruption(ganzoo.Observer):
    """Asks the process to stop after the first step, as a batch system does."""

    def step(self, step):
        if step == 1:
            os.kill(os.getpid(), signal.SIGTERM)


@pytest.fixture(scope="module")
def circle(tmp_path_factory):
    """A file of points of a circle, whose labels are the cosine and sine of their angles."""
    angles = np.arange(64, dtype=np.float32) * (2 * np.pi / 64)
    y = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    path = tmp_path_factory.mktemp("data") / "circle.npz"
    np.savez(path, x=0.8 * y, angle=y)
    return path


@pytest.fixture
def train(circle):
    def start(path, conditioner, **more):
        angles = {"dataset.numbers": True, "dataset.labels": "angle"} if conditioner == "vectors" else {}
        dataset = f"npz:{circle}" if angles else "gaussians8"
        choice = {"model": "mlp", "conditioner": conditioner, "dataset": dataset}
        return ganzoo.run(**choice, options=OPTIONS | angles, steps=2, out=path, **more)

    return start


def final_state(run):
    return torch.load(sorted((run.path / "checkpoints").glob("step-*.pt"))[-1], weights_only=True)


@pytest.mark.parametrize("conditioner", ganzoo_conditioners.register_conditioners())
def test_an_interrupted_run_ends_bit_for_bit_like_a_whole_one(conditioner, train, tmp_path):
    whole = train(tmp_path / "whole", conditioner)
    with pytest.raises(ganzoo.RunInterrupted):
        train(tmp_path / "run", conditioner, observer=Interruption())
    resumed = ganzoo.Run(tmp_path / "run").resume()
    one, other = final_state(whole), final_state(resumed)
    assert one["step"] == other["step"] == 2
    for network in ("G", "D", "G_ema"):
        assert one[network].keys() == other[network].keys()
        assert all(torch.equal(one[network][name], other[network][name]) for name in one[network])
