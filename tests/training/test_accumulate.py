"""A batch that passes the networks in parts: the step is that of the whole batch, to rounding."""

import pytest
import torch

from ganzoo.errors import ConfigError
from ganzoo.runs.observer import Observer
from ganzoo.settings.toml import from_tables
from ganzoo.training.compatibility import advise
from ganzoo.training.loop import advance
from ganzoo.training.prepare import prepare
from ganzoo.training.steps import split_batch
from support.runs import ganzoo, state
from support.states import same
from support.zoo import ZOO


def training(accumulate, *, model=None, lipschitz="gp", **optim):
    rates = {"name": "sgd", "lr_d": 0.1, "lr_g": 0.1}  # Adam would turn the rounding of a gradient of 0 into a step
    optim = {"batch_size": 12, "n_critic": 2, "accumulate": accumulate} | rates | optim
    tables = {
        "dataset": {"name": "digits", "image_size": 16}, "model": model or {"name": "mlp", "width": 16, "z_dim": 7},
        "loss": {"name": "wgan"}, "lipschitz": {"name": lipschitz}, "optim": optim,
        "train": {"device": "cpu", "precision": "fp32"},
    }  # fmt: skip
    return prepare(from_tables(tables), ZOO, Observer().note)[0]


@pytest.mark.parametrize("parts", [2, 3, 5, 12])
def test_parts_move_both_players_as_the_whole_batch_does(parts):
    terms = advance(whole := training(1))
    of_parts = advance(split := training(parts))  # prepared after it, since both draw from the state of torch
    assert {name: value.item() for name, value in of_parts.items()} == pytest.approx(
        {name: value.item() for name, value in terms.items()}, rel=1e-4, abs=1e-6
    )
    for network in ("G", "D"):
        weights, others = (list(getattr(t.gan, network).parameters()) for t in (whole, split))
        assert max(weight.grad.abs().max() for weight in weights) > 1e-3
        for one, other in zip(weights, others, strict=True):
            assert torch.allclose(one, other, atol=1e-6) and torch.allclose(one.grad, other.grad, rtol=1e-3, atol=1e-6)


def test_parts_differ_by_one_sample_at_most_and_none_is_empty():
    x, y = torch.arange(7.0), torch.arange(7)
    assert [len(part) for part, _ in split_batch(3, x, y)] == [3, 2, 2]
    assert [part.tolist() for part, _ in split_batch(9, x[:2], y[:2])] == [[0.0], [1.0]]


def test_batch_norm_sees_parts_and_a_note_says_so():
    dcgan = {"name": "dcgan", "width": 4, "max_width": 8}  # 16 pixels at least
    remarks = [list(advise(t.run, t.gan)) for t in (training(3), training(3, model=dcgan), training(1, model=dcgan))]
    assert remarks[0] == remarks[2] == []
    assert len(remarks[1]) == 1 and "those of a part of 4 samples" in remarks[1][0]


def test_more_parts_than_samples_are_refused_with_the_number_that_fits(tmp_path):
    with pytest.raises(ConfigError, match="4 samples cannot pass the networks in 12 parts") as refusal:
        training(12, batch_size_g=4)
    assert refusal.value.hint == "--set optim.accumulate=4"


def test_a_run_of_parts_stops_and_goes_on(tmp_path):
    words = ["--model=mlp", "--image-size=8", "--set=optim.accumulate=4", "--batch-size=8", "--no-scores"]
    ganzoo("run", *words, "--steps=4", "--out", tmp_path / "whole")
    ganzoo("run", *words, "--steps=2", "--out", tmp_path / "run")
    ganzoo("resume", tmp_path / "run", "--steps=4")
    assert same(state(tmp_path / "run"), state(tmp_path / "whole"))
