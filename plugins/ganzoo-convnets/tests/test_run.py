"""Real runs on the digits that ship with ganzoo: each model, interrupted and resumed."""

from functools import partial

import pytest

import ganzoo.testing

OPTIONS = {
    "dataset.image_size": 16,
    "model.width": 4,
    "model.z_dim": 8,
    "optim.batch_size": 4,
    "eval.at_end": False,
    "train.device": "cpu",
}


def train(out, model, lipschitz, **more):
    chosen = {"model": model, "loss": "bce", "lipschitz": lipschitz, "dataset": "digits"}
    return ganzoo.run(**chosen, options=OPTIONS, steps=2, out=out, **more)


@pytest.mark.parametrize(("model", "lipschitz"), [("sndcgan", "sn"), ("infogan", "none")])
def test_an_interrupted_run_ends_bit_for_bit_like_a_whole_one(model, lipschitz, tmp_path):
    whole = ganzoo.testing.check_resume(partial(train, model=model, lipschitz=lipschitz), tmp_path)
    assert whole.samples(4).shape == (4, 1, 16, 16)
    assert ganzoo.testing.check_export(whole, tmp_path) < 1e-5
