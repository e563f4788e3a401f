"""Real runs on the digits that ship with ganzoo."""

import os
import signal

import pytest
import torch

import ganzoo

SMALL = {"model": "r3gan", "loss": "rpgan", "lipschitz": "r1r2", "dataset": "digits"}
OPTIONS = {
    "dataset.image_size": 16,
    "model.width": 8,
    "model.group_width": 4,
    "optim.batch_size": 8,
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


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return train(tmp_path_factory.mktemp("whole") / "run")


def test_an_interrupted_run_ends_bit_for_bit_like_a_whole_one(whole, tmp_path):
    with pytest.raises(ganzoo.RunInterrupted):
        train(tmp_path / "run", observer=Interruption())
    resumed = ganzoo.Run(tmp_path / "run").resume()
    one, other = final_state(whole), final_state(resumed)
    assert one["step"] == other["step"] == 2
    for network in ("G", "D", "G_ema"):
        assert one[network].keys() == other[network].keys()
        assert all(torch.equal(one[network][name], other[network][name]) for name in one[network])


def test_a_finished_run_makes_grey_images_of_16_pixels(whole):
    assert whole.samples(4).shape == (4, 1, 16, 16)


def test_labels_reach_the_pair_by_projection(tmp_path):
    run = train(tmp_path / "run", conditioner="projection")
    by_label = [run.samples(1, label=label) for label in (0, 1)]
    assert run.num_classes == 10
    assert not torch.equal(*by_label)
