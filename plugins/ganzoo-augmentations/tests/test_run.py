"""Real runs on the digits that ship with ganzoo: each method, interrupted and resumed."""

import pytest

import ganzoo
import ganzoo.testing

SMALL = {
    "dataset.image_size": 8,
    "model.width": 8,
    "model.depth": 1,
    "model.z_dim": 16,
    "optim.batch_size": 8,
    "eval.at_end": False,
    "train.device": "cpu",
}
APA = {"regularizer": "apa", "options": SMALL | {"regularizer.start": 0.5, "regularizer.interval": 1}}


@pytest.mark.parametrize(
    "chosen", [*({"augment": name, "options": SMALL} for name in ("cr", "instance-noise", "simclr")), APA]
)
def test_an_interrupted_run_ends_bit_for_bit_like_a_whole_one(chosen, tmp_path):
    def train(**more):
        return ganzoo.run(model="mlp", loss="bce", dataset="digits", steps=2, **chosen, **more)

    ganzoo.testing.check_resume(train, tmp_path)
