"""Real runs on points of the plane, with classes and with angles as labels."""

from functools import partial

import ganzoo_conditioners
import numpy as np
import pytest

import ganzoo.testing

OPTIONS = {"model.width": 8, "optim.batch_size": 8, "eval.at_end": False, "train.device": "cpu"}


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
    def start(out, conditioner, **more):
        angles = {"dataset.numbers": True, "dataset.labels": "angle"} if conditioner == "vectors" else {}
        dataset = f"npz:{circle}" if angles else "gaussians8"
        choice = {"model": "mlp", "conditioner": conditioner, "dataset": dataset}
        return ganzoo.run(**choice, options=OPTIONS | angles, steps=2, out=out, **more)

    return start


@pytest.mark.parametrize("conditioner", ganzoo_conditioners.register_conditioners())
def test_an_interrupted_run_ends_bit_for_bit_like_a_whole_one(conditioner, train, tmp_path):
    ganzoo.testing.check_resume(partial(train, conditioner=conditioner), tmp_path)
