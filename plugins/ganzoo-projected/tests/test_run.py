"""A real run on the digits that ship with ganzoo, interrupted and resumed."""

import ganzoo.testing

SMALL = {
    "model": "projected-gan",
    "loss": "hinge",
    "lipschitz": "sn",
    "augment": "diffaug",
    "conditioner": "projection",
    "dataset": "digits",
}
OPTIONS = {
    "dataset.image_size": 16,
    "model.width_g": 4,
    "model.width": 4,
    "model.mixed": 4,
    "model.z_dim": 8,
    "optim.batch_size": 4,
    "eval.at_end": False,
    "train.device": "cpu",
}


def train(out, **more):
    return ganzoo.run(**SMALL, options=OPTIONS, steps=2, out=out, **more)


def test_an_interrupted_run_ends_bit_for_bit_like_a_whole_one(tmp_path):
    whole = ganzoo.testing.check_resume(train, tmp_path)
    assert whole.samples(4, label=1).shape == (4, 1, 16, 16)
    assert ganzoo.testing.check_export(whole, tmp_path) < 1e-5
