"""Toy data: the truth is as stated, whatever the draw."""

import math

import pytest
import torch

from ganzoo.builtin.datasets.digits import Digits
from ganzoo.builtin.datasets.stacked import StackedDigits
from ganzoo.builtin.datasets.toy import (
    REACH,
    Gaussians8,
    Gaussians25,
    SwissRoll,
    follow_roll,
    grid_centres,
    ring_centres,
)
from ganzoo.settings.options import validate
from support.states import same

MIXTURES = [(Gaussians8, ring_centres), (Gaussians25, grid_centres)]
WIDEST = {Gaussians8: 0.05, Gaussians25: 0.05, SwissRoll: 0.025}


def test_the_ring_has_its_radius_and_equal_sides():
    centres = ring_centres()
    assert centres.shape == (8, 2) and centres[0].tolist() == pytest.approx([0.8, 0])
    assert centres[2].tolist() == pytest.approx([0, 0.8], abs=1e-7)  # anticlockwise
    assert centres.norm(dim=1).tolist() == pytest.approx([0.8] * 8)
    sides = (centres - centres.roll(1, dims=0)).norm(dim=1)
    assert sides.tolist() == pytest.approx([1.6 * math.sin(math.pi / 8)] * 8)


def test_the_grid_is_five_by_five():
    assert {tuple(round(c, 6) for c in centre) for centre in grid_centres().tolist()} == {
        (a / 5, b / 5) for a in (-4, -2, 0, 2, 4) for b in (-4, -2, 0, 2, 4)
    }


@pytest.mark.parametrize(("dataset", "centres"), MIXTURES)
def test_each_mode_has_its_share_its_centre_and_its_width(dataset, centres):
    """Of 25,000 points in 25 modes the mean of 1,000 is within 5 x 0.02 / sqrt(1000), their deviation within 12 %."""
    samples = dataset(count=1000 * len(centres())).load()
    assert samples.y.bincount().tolist() == [1000] * len(centres())
    for mode, centre in enumerate(centres()):
        x = samples.x[samples.y == mode]
        assert (x.mean(dim=0) - centre).abs().max() < 5 * 0.02 / 1000**0.5
        assert x.std(dim=0).tolist() == pytest.approx([0.02] * 2, rel=0.12)


def test_points_of_the_roll_lie_on_its_curve():
    """The ends of the curve are at 1.5 pi and 4.5 pi: straight down at a third of the reach, and straight up."""
    ends = follow_roll(torch.tensor([0.0, 1.0]))
    assert ends.flatten().tolist() == pytest.approx([0, -REACH / 3, 0, REACH], abs=1e-6)
    curve = follow_roll(torch.linspace(0, 1, 2000))
    x = SwissRoll(count=2000).load().x
    distance = torch.cdist(x, curve).amin(dim=1)
    assert distance.max() < 5 * 0.01 and distance.square().mean().sqrt() == pytest.approx(0.01, rel=0.1)


@pytest.mark.parametrize("dataset", WIDEST)
def test_a_draw_is_fixed_and_another_seed_is_another_draw(dataset):
    assert same(dataset().load().x, dataset().load().x)
    assert not same(dataset(seed=1).load().x, dataset().load().x)
    assert same(dataset(seed=3).held_out().load().x, dataset(seed=4).load().x)


@pytest.mark.parametrize(("dataset", "std"), WIDEST.items())
def test_at_the_widest_clamping_touches_one_point_in_10_000_at_most(dataset, std):
    x = validate(dataset, {"std": std, "count": 200_000}, "dataset").load().x
    assert x.abs().max() <= 1 and (x.abs() == 1).any(dim=1).sum() <= 20
    with pytest.raises(Exception, match="std"):
        validate(dataset, {"std": 1.1 * std}, "dataset")


def test_stacked_digits_have_every_mode_equally_often_and_show_the_digits_of_their_label():
    samples, digits = StackedDigits(image_size=8, count=2000).load(), Digits(image_size=8).load()
    assert samples.x.shape == (2000, 3, 8, 8) and samples.y.bincount().tolist() == [2] * 1000
    for index in (0, 407, 1999):
        wanted = [int(digit) for digit in samples.class_names[samples.y[index]]]
        found = [{int(y) for y in digits.y[(digits.x[:, 0] == c).all(dim=(1, 2))]} for c in samples.x[index]]
        assert found == [{digit} for digit in wanted]


def test_stacked_digits_take_all_digits_of_a_class():
    x = StackedDigits(image_size=8, count=10_000).load().x
    assert len(x.flatten(0, 1).unique(dim=0)) == len(Digits(image_size=8).load().x.unique(dim=0))
