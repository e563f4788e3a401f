"""Pixels moved by hand, and against torch's own resampling."""

import pytest
import torch
from torch.nn.functional import grid_sample

from ganzoo.builtin.augmentations.ada import product, rotation, scaling, translation
from ganzoo.builtin.augmentations.pixels import resample
from support.transforms import angles, images


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


@pytest.mark.parametrize("size", [7, 8])
def test_a_quarter_turn_is_rot90_bit_for_bit(size):
    x = images(4, height=size, width=size)
    turned = resample(x, rotation(angles(0, 90, 180, 270)).round())
    for n in range(4):
        assert torch.equal(turned[n], torch.rot90(x[n], n, (1, 2)))


def test_a_negative_factor_flips_bit_for_bit():
    x = images(2, width=6)
    one = torch.ones(2)
    assert torch.equal(resample(x, scaling(-one, one)), x.flip(3))


def test_whole_pixels_come_from_their_place_and_from_the_mirror_image_beyond_the_edge():
    x = torch.arange(4.0).reshape(1, 1, 1, 4).expand(1, 1, 2, 4)
    from_the_right = resample(x, translation(torch.tensor([2.0]), torch.tensor([0.0])))
    assert from_the_right[0, 0].tolist() == [[2, 3, 2, 1]] * 2


def test_between_two_pixels_lies_their_mean():
    x = torch.tensor([0.0, 1.0, 4.0, 9.0]).reshape(1, 1, 1, 4).expand(1, 1, 2, 4)
    half = resample(x, translation(torch.tensor([0.5]), torch.tensor([0.5])))
    assert half[0, 0].tolist() == [[0.5, 2.5, 6.5, 6.5]] * 2


def test_any_matrix_agrees_with_grid_sample():
    x, matrices = images(16, height=6, width=9), torch.eye(3) + 0.7 * torch.randn(16, 3, 3)
    matrices[:, :2, 2] *= 5
    down, along = torch.meshgrid(torch.arange(6) - 2.5, torch.arange(9) - 4.0, indexing="ij")
    places = torch.stack([along, down, torch.ones(6, 9)], dim=-1)  # in [-1, 1] below, where -1 and 1 are outer pixels
    grid = torch.einsum("nij,hwj->nhwi", matrices[:, :2], places) / torch.tensor([4.0, 2.5])
    expected = grid_sample(x, grid, padding_mode="reflection", align_corners=True)
    torch.testing.assert_close(resample(x, matrices), expected, atol=1e-4, rtol=0)


def test_products_are_matrix_products():
    a, b = torch.randn(2, 5, 3, 3)
    torch.testing.assert_close(product(a, b), a @ b)


def test_a_rotation_and_its_inverse_leave_a_matrix_of_one():
    there, back = rotation(angles(25, 130)), rotation(angles(-25, -130))
    torch.testing.assert_close(product(there, back), torch.eye(3).expand(2, 3, 3))
