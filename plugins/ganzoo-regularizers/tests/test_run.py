"""Real runs on the digits that ship with ganzoo: each regularizer, interrupted and resumed."""

import os
import signal

import pytest
import torch

import ganzoo

SMALL = {
    "dataset.image_size": 8,
    "model.width": 8,
    "model.depth": 1,
    "model.z_dim": 16,
    "optim.batch_size": 8,
    "eval.at_end": False,
    "train.device": "cpu",
    "train.save_every": 1,
}
NAMES = ["consensus", "feature-matching", "infogan", "msgan", "orthogonal", "ssgan", "top-k"]


class Interruption(ganzoo.Observer):
    """Asks the process to stop after the first step, as a batch system does."""

    def step(self, step):
        if step == 1:
            os.kill(os.getpid(), signal.SIGTERM)


def train(path, name, **more):
    chosen = {"model": "mlp", "loss": "bce", "dataset": "digits", "regularizer": name}
    return ganzoo.run(**chosen, options=SMALL, steps=2, out=path, **more)


def final_state(run):
    return torch.load(sorted((run.path / "checkpoints").glob("step-*.pt"))[-1], weights_only=True)


def flat(state, path=()):
    if isinstance(state, dict):
        return {key: value for name, part in state.items() for key, value in flat(part, (*path, name)).items()}
    return {path: state}


@pytest.mark.parametrize("name", [*NAMES, "+".join(NAMES)])
def test_an_interrupted_run_ends_bit_for_bit_like_a_whole_one(name, tmp_path):
    whole = train(tmp_path / "whole", name)
    with pytest.raises(ganzoo.RunInterrupted):
        train(tmp_path / "run", name, observer=Interruption())
    resumed = ganzoo.Run(tmp_path / "run").resume()
    one, other = (flat(final_state(run)) for run in (whole, resumed))
    networks = [key for key in one if key[0] in ("G", "D", "G_ema", "regularizers")]
    assert one.keys() == other.keys()
    assert networks and all(torch.equal(one[key], other[key]) for key in networks)
