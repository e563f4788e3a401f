"""Pictures say what they are: sizes, names and letters."""

import pytest
import torch

from ganzoo.data.captions import Block, choose_scale, draw_blocks, enlarge, spell, spell_all


def images(count=4, size=8, channels=1, value=120):
    return torch.full((count, channels, size, size), value, dtype=torch.uint8)


@pytest.mark.parametrize(
    ("size", "count", "columns", "scale"),
    [
        (8, 80, 10, 10),  # 80 x 64 pixels, and 64 * 10 = 640
        (28, 64, 8, 3),  # 224 x 224
        (256, 64, 8, 1),  # 2048 x 2048 are enough
        (8, 1000, 2, 1),  # 16 x 4000 would become longer than 2400
    ],
)
def test_small_pictures_are_enlarged_until_both_sides_have_600_pixels(size, count, columns, scale):
    assert choose_scale([Block(images(count, size), columns)]) == scale


def test_enlarging_makes_each_pixel_a_square():
    x = torch.tensor([[1, 2], [3, 4]], dtype=torch.uint8)
    assert enlarge(x, 2).tolist() == [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]


def test_without_words_there_are_only_images_and_gaps():
    assert draw_blocks([Block(images(), 2)], 1).shape == (1, 2 * 8 + 2, 2 * 8 + 2)
    assert draw_blocks([Block(images(), 2)], 3).shape == (1, 2 * 24 + 4, 2 * 24 + 4)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_words_are_black_on_white_in_any_number_of_channels(channels):
    x = draw_blocks([Block(images(channels=channels), 2, ("Hello",), ("a", "b"), ("c", "d"), ("e",) * 4)], 4)
    assert len(x) == channels and x[:3].min() == 0
    if channels == 4:
        assert x[3, :20].min() == 255  # letters are opaque, and so is what is around them
    assert x[:, :10].min() == 255 and x[:, :, :10].min() == 255  # the margin


def test_a_long_name_of_a_column_stands_upright():
    short, long = (draw_blocks([Block(images(), 2, over=names)], 4) for names in (("a", "b"), ("automobile", "b")))
    assert short.shape[2] == long.shape[2]
    assert long.shape[1] > short.shape[1] + 30


def test_names_of_rows_make_a_picture_wider_and_not_higher():
    plain, named = (draw_blocks([Block(images(), 2, beside=names)], 4) for names in ((), ("cat", "dog")))
    assert named.shape[1] == plain.shape[1] and named.shape[2] > plain.shape[2]
    assert torch.equal(named[:, :, -plain.shape[2] :], plain)


@pytest.mark.parametrize(
    ("name", "shown"), [("cat", "cat"), ("café", "cafe"), ("鳥", "#7"), ("T-shirt/top", "T-shirt/top"), ("", "#7")]
)
def test_a_name_without_letters_of_the_font_is_shown_by_its_number(name, shown):
    assert spell(name, 7) == shown


def test_names_that_cannot_be_drawn_stay_apart_wherever_they_stand():
    assert spell_all(["鳥", "cat", "猫"]) == ("#0", "cat", "#2")
    assert spell("#2", 0) == "#2"  # a row of an interpolation may have another number than its class
