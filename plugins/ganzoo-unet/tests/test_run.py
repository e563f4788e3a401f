"""Real runs on the digits that ship with ganzoo, interrupted and resumed."""

from functools import partial

import pytest

import ganzoo.testing

SMALL = {"model": "unetgan", "loss": "bce", "lipschitz": "sn", "regularizer": "cutmix", "dataset": "digits"}
OPTIONS = {
    "dataset.image_size": 16,
    "model.width_g": 8,
    "model.width_d": 4,
    "model.z_dim": 8,
    "optim.batch_size": 4,
    "eval.at_end": False,
    "train.device": "cpu",
}


def train(out, **more):
    return ganzoo.run(**SMALL, options=OPTIONS, steps=2, out=out, **more)


def test_an_interrupted_run_ends_bit_for_bit_like_a_whole_one(tmp_path):
    whole = ganzoo.testing.check_resume(partial(train, conditioner="projection"), tmp_path)
    assert whole.samples(4, label=1).shape == (4, 1, 16, 16)
    assert ganzoo.testing.check_export(whole, tmp_path) < 1e-5


def test_cutmix_with_a_judge_of_images_alone_is_refused(tmp_path):
    with pytest.raises(ganzoo.ConfigError, match="needs a logit for each pixel") as refusal:
        ganzoo.run(
            **{**SMALL, "model": "mlp"},
            options={"eval.at_end": False, "train.device": "cpu"},
            steps=1,
            out=tmp_path / "r",
        )
    assert refusal.value.hint == 'model="unetgan"'
