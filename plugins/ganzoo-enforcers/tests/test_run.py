"""Real runs on the digits that ship with ganzoo: each enforcer, interrupted and resumed."""

from functools import partial

import pytest

import ganzoo.testing

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
NAMES = ["0-gp", "banach", "bjorck", "ct", "gn", "max-gp", "wgan-div"]


def train(out, name, **more):
    chosen = {"model": "mlp", "loss": "wgan", "dataset": "digits", "lipschitz": name}
    return ganzoo.run(**chosen, options=SMALL, steps=2, out=out, **more)


@pytest.mark.parametrize("name", [*NAMES, "gp+ct", "gn+0-gp"])
def test_an_interrupted_run_ends_bit_for_bit_like_a_whole_one(name, tmp_path):
    ganzoo.testing.check_resume(partial(train, name=name), tmp_path)
