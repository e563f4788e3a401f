"""Real runs on the digits that ship with ganzoo: each model, interrupted and resumed."""

from functools import partial

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


def train(out, model, **more):
    return ganzoo.run(model=model, **SMALL, options=OPTIONS, steps=2, out=out, **more)


@pytest.mark.parametrize("model", ["biggan", "biggan-deep"])
def test_an_interrupted_run_ends_bit_for_bit_like_a_whole_one(model, tmp_path):
    whole = ganzoo.testing.check_resume(partial(train, model=model), tmp_path)
    by_label = [whole.samples(1, label=label) for label in (0, 1)]
    assert by_label[0].shape == (1, 1, 32, 32) and not torch.equal(*by_label)
    assert ganzoo.testing.check_export(whole, tmp_path) < 1e-5
