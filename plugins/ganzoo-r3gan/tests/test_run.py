"""Real runs on the digits that ship with ganzoo."""

import torch

import ganzoo.testing

SMALL = {"model": "r3gan", "loss": "rpgan", "lipschitz": "r1r2", "dataset": "digits"}
OPTIONS = {
    "dataset.image_size": 16,
    "model.width": 8,
    "model.group_width": 4,
    "optim.batch_size": 8,
    "eval.at_end": False,
    "train.device": "cpu",
}


def train(out, **more):
    return ganzoo.run(**SMALL, options=OPTIONS, steps=2, out=out, **more)


def test_an_interrupted_run_ends_bit_for_bit_like_a_whole_one(tmp_path):
    ganzoo.testing.check_resume(train, tmp_path)


def test_a_finished_run_makes_grey_images_of_16_pixels(tmp_path):
    assert train(tmp_path / "run").samples(4).shape == (4, 1, 16, 16)


def test_labels_reach_the_pair_by_projection(tmp_path):
    run = train(tmp_path / "run", conditioner="projection")
    by_label = [run.samples(1, label=label) for label in (0, 1)]
    assert run.num_classes == 10
    assert not torch.equal(*by_label)


def test_the_generator_leaves_its_run_and_comes_back(tmp_path):
    assert ganzoo.testing.check_export(train(tmp_path / "run"), tmp_path) < 1e-5
