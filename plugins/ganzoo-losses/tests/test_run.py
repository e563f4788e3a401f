"""Real runs on points of the plane."""

from functools import partial

import ganzoo_losses
import pytest

import ganzoo.testing

OPTIONS = {"model.width": 8, "optim.batch_size": 8, "eval.at_end": False, "train.device": "cpu"}


def train(out, loss, **more):
    return ganzoo.run(model="mlp", loss=loss, dataset="gaussians8", options=OPTIONS, steps=2, out=out, **more)


@pytest.mark.parametrize("loss", ganzoo_losses.register_losses())
def test_an_interrupted_run_ends_bit_for_bit_like_a_whole_one(loss, tmp_path):
    ganzoo.testing.check_resume(partial(train, loss=loss), tmp_path)
