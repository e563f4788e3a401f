"""Differentiable augmentation: its three parts by hand."""

import math

import pytest
import torch
from torch.nn.functional import pad

from ganzoo.builtin.augmentations import DiffAugment
from ganzoo.builtin.augmentations.diffaug import change_colour, cut_out, translate
from support.transforms import images, transform_of


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def test_translation_gives_each_shift_of_the_image_within_zeros_as_often():
    x = images(1, 1, 16, 8)
    moved = translate(x.expand(9_000, 1, 16, 8))
    around = pad(x, (1, 1, 2, 2))
    every = torch.cat([around[:, :, i : i + 16, j : j + 8] for i in range(5) for j in range(3)])  # up to 1/8 each way
    which = (moved[:, None] == every[None]).all(dim=(2, 3, 4))
    assert which.sum(1).eq(1).all()
    assert which.float().mean(0).tolist() == pytest.approx([1 / 15] * 15, abs=0.01)


def test_cutout_is_a_box_of_half_the_sides_with_its_centre_anywhere():
    cut = cut_out(torch.ones(20_000, 1, 8, 8))[:, 0] == 0
    rows, columns = cut.any(2), cut.any(1)
    assert torch.equal(cut, rows[:, :, None] & columns[:, None, :])
    height = rows.sum(1)
    assert set(height.tolist()) == {2, 3, 4}
    assert height.float().mean().item() == pytest.approx((4 * 5 + 2 * 3 + 2 * 2) / 9, abs=0.02)  # nine places
    assert rows.float().mean(0).tolist() == pytest.approx([3 / 9, *[4 / 9] * 6, 3 / 9], abs=0.015)


def test_brightness_is_added_between_minus_and_plus_a_half():
    x = change_colour(torch.zeros(20_000, 3, 2, 2))
    torch.testing.assert_close(x, x[:, :1, :1, :1].expand_as(x))
    x = x[:, 0, 0, 0]
    assert (x.min().item(), x.max().item()) == pytest.approx((-0.5, 0.5), abs=0.001)
    assert (x.mean().item(), x.std().item()) == pytest.approx((0, 1 / math.sqrt(12)), abs=0.01)


def test_contrast_of_a_grey_image_is_halved_at_least_and_half_again_at_most():
    x = torch.tensor([-0.5, 0.5]).reshape(1, 1, 1, 2).repeat(20_000, 1, 1, 1)
    left, right = change_colour(x).flatten(1).unbind(1)
    factor = right - left  # saturation does nothing, brightness moves both
    assert (factor.min().item(), factor.max().item()) == pytest.approx((0.5, 1.5), abs=0.001)
    assert factor.mean().item() == pytest.approx(1.0, abs=0.01)


def test_saturation_is_nothing_at_least_and_double_at_most():
    x = torch.tensor([0.5, -0.5]).reshape(1, 2, 1, 1).repeat(20_000, 1, 1, 1)
    first, second = change_colour(x).flatten(1).unbind(1)
    factor = first - second  # saturation in [0, 2] times contrast in [0.5, 1.5], which are independent
    assert (factor.mean().item(), factor.min().item()) == pytest.approx((1.0, 0.0), abs=0.015)
    assert factor.square().mean().item() == pytest.approx((1 + 1 / 3) * (1 + 1 / 12), rel=0.03)


def test_a_policy_has_only_the_parts_that_it_names():
    x = torch.ones(64, 1, 8, 8)
    assert set(transform_of(DiffAugment(policy="cutout"), (1, 8, 8))(x).flatten().tolist()) == {0.0, 1.0}
    edges = transform_of(DiffAugment(policy="translation"), (1, 8, 8))(x)
    assert edges[:, :, 1:-1, 1:-1].eq(1).all() and edges.eq(0).any()
