"""The views of SimCLR: crops against interpolation of torch, colours and blur against sums by hand."""

import math

import pytest
import torch
from ganzoo_augmentations import SimCLR
from ganzoo_augmentations.resampling import between, mix
from ganzoo_augmentations.simclr import LUMA, blur, crop, grey, jitter, turn_hue
from torch.nn.functional import interpolate

import ganzoo


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def test_linear_maps_are_the_interpolation_of_torch():
    x = torch.rand(2, 3, 6, 5)
    places = [(torch.arange(12) + 0.5) / 2 - 0.5, (torch.arange(10) + 0.5) / 2 - 0.5]
    rows, columns = (between(at.expand(2, -1), size) for at, size in zip(places, (6, 5), strict=True))
    expected = interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
    torch.testing.assert_close(mix(rows, x, columns), expected)


def test_a_crop_of_the_whole_is_the_image_or_its_mirror_image(monkeypatch):
    monkeypatch.setattr("ganzoo_augmentations.simclr.RATIO", 1.0)
    x = torch.rand(100, 1, 8, 8)
    seen = crop(x, 1.0)
    same, mirrored = ((seen - each).abs().amax(dim=(1, 2, 3)) < 1e-5 for each in (x, x.flip(3)))
    assert (same | mirrored).all() and 25 < same.sum() < 75


def test_crops_of_a_ramp_are_as_long_as_the_area_says():
    ramp = torch.arange(64.0).expand(4000, 1, 64, 64)
    seen = crop(ramp, 0.25)
    slope = (seen[:, 0, 32, 40] - seen[:, 0, 32, 24]).abs() / 16  # length of the crop over that of the image
    assert slope.max() <= 1 and slope.min() >= (0.25 * 3 / 4) ** 0.5 - 1e-3
    ratios = torch.exp(torch.linspace(-math.log(4 / 3), math.log(4 / 3), 101)).sqrt()
    areas = torch.linspace(0.25, 1, 101).sqrt()
    expected = (areas[:, None] * ratios).clamp(max=1).mean().item()
    assert slope.mean().item() == pytest.approx(expected, rel=0.01)


def test_grey_is_that_of_television_and_leaves_other_channels():
    red = torch.tensor([1.0, 0, 0]).reshape(1, 3, 1, 1)
    assert grey(red).flatten().tolist() == pytest.approx([LUMA[0]] * 3)
    x = torch.rand(1, 1, 2, 2)
    assert grey(x) is x and turn_hue(x, torch.ones(1, 1)) is x


def test_a_third_of_a_turn_makes_red_green_and_keeps_grey():
    red = torch.tensor([1.0, 0, 0]).reshape(1, 3, 1, 1)
    turned = turn_hue(red, torch.full((1, 1), 2 * math.pi / 3))
    assert turned.flatten().tolist() == pytest.approx([0, 1, 0], abs=1e-6)
    white = torch.ones(1, 3, 1, 1)
    assert torch.allclose(turn_hue(white, torch.ones(1, 1)), white)


def test_four_images_of_five_change_their_colours_within_bounds():
    x = torch.full((2000, 1, 2, 2), 0.5)
    seen = jitter(x, 0.5)[:, 0, 0, 0]
    assert (seen != 0.5).float().mean().item() == pytest.approx(0.8, abs=0.03)
    assert seen.min() >= 0.5 * 0.6 - 1e-6 and seen.max() <= 0.5 * 1.4 + 1e-6  # contrast leaves a flat image alone
    assert torch.equal(jitter(x, 0.0), x)


def test_blur_keeps_flat_images_and_spreads_a_point_by_its_window():
    flat = torch.full((50, 1, 40, 40), 0.7)
    torch.testing.assert_close(blur(flat, 1.0), flat)
    point = torch.zeros(50, 1, 40, 40)
    point[:, :, 20, 20] = 1
    seen = blur(point, 1.0)
    assert seen.sum(dim=(1, 2, 3)).tolist() == pytest.approx([1] * 50, rel=1e-4)
    assert (seen[:, :, 20, 23:] == 0).all()  # two pixels each way, of 40
    assert torch.equal(blur(point, 0.0), point)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_views_of_any_channels_are_finite_and_gradients_reach_the_image(channels):
    x = (torch.rand(16, channels, 8, 8) * 2 - 1).requires_grad_()
    view = SimCLR().transform(ganzoo.DataSpec((channels, 8, 8)))(x)
    (gradient,) = torch.autograd.grad(view.square().sum(), x)
    assert view.shape == x.shape and view.isfinite().all()
    assert (gradient.flatten(1).norm(dim=1) > 0).all()
