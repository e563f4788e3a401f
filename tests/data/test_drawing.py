"""Pictures of single samples."""

import pytest
import torch

from ganzoo.data.drawing import can_draw, describe_drawing, draw_each, drawn_shape, has_picture
from ganzoo.data.samples import DataSpec


def test_images_show_themselves():
    x = torch.randint(256, (2, 3, 4, 4), dtype=torch.uint8)
    assert draw_each(x) is x and describe_drawing(DataSpec((3, 4, 4))) == ""


def test_minus_one_is_black_and_one_is_white_and_channels_stand_side_by_side():
    x = torch.stack([torch.full((4, 2), -1.0), torch.zeros(4, 2), torch.ones(4, 2)])[None]
    (picture,) = draw_each(x)
    assert picture.shape == (1, 4, 3 * 2 + 2)
    assert picture[0, 0].tolist() == [0, 0, 255, 128, 128, 255, 255, 255]  # a white line between channels


def test_signals_are_strips_one_below_the_other():
    x = torch.stack([-torch.ones(10), torch.ones(10)])[None]
    (picture,) = draw_each(x)
    assert picture.shape == (1, 16, 10) and picture[0, :8].eq(0).all() and picture[0, 8:].eq(255).all()
    assert torch.equal(draw_each(torch.ones(1, 10)), torch.full((1, 1, 8, 10), 255, dtype=torch.uint8))


def test_a_volume_shows_its_middle_slice():
    x = -torch.ones(1, 1, 5, 8, 8)
    x[:, :, 2] = 1
    assert draw_each(x).eq(255).all()
    assert describe_drawing(DataSpec((2, 5, 8, 8))) == (
        "Shades of grey, from -1 (black) to 1; the middle slice of each volume; the 2 channels side by side."
    )


def test_long_sides_and_many_channels_are_thinned_and_the_words_say_so():
    assert drawn_shape(DataSpec((16_000,))) == (1, 8, 254)
    assert "every 63rd number" in describe_drawing(DataSpec((16_000,)))
    assert drawn_shape(DataSpec((12, 8, 8), images=False)) == (1, 8, 8 * 9 - 1)
    assert "the first 8 of 12 channels" in describe_drawing(DataSpec((12, 8, 8), images=False))


@pytest.mark.parametrize(
    ("shape", "alone"), [((1,), False), ((2,), False), ((7,), False), ((8,), True), ((1, 128), True), ((1, 4, 4), True)]
)
def test_few_numbers_have_no_picture_but_points_of_the_plane_have_one_together(shape, alone):
    assert can_draw(shape) == alone
    assert has_picture(DataSpec(shape)) == (alone or shape == (2,))
