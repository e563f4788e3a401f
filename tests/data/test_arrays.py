"""Arrays as images and labels: layouts, ranges and classes that are clear, and what is refused."""

import re

import numpy as np
import pytest
import torch

from ganzoo.data.arrays import UnfitArrayError, fit_images, to_images, to_labels
from ganzoo.data.decoding import DecodeOptions, decode_image
from support.image_sets import noise, png_of


def test_one_set_is_the_same_in_every_layout():
    pixels = noise(5, size=8)
    wanted = torch.from_numpy(pixels).permute(0, 3, 1, 2)
    for array in (pixels, pixels.transpose(0, 3, 1, 2), np.asfortranarray(pixels), pixels.astype(">f4") / 255):
        assert torch.equal(to_images(array)[0], wanted)
    grey = pixels[..., :1]
    for array in (grey, grey[..., 0], grey.transpose(0, 3, 1, 2), grey.repeat(3, axis=3)):
        assert torch.equal(to_images(array)[0], wanted[:, :1])


@pytest.mark.parametrize(
    ("values", "levels", "said"),
    [
        ([0.0, 0.25, 0.5, 1.0], [0, 64, 128, 255], "[0, 1]"),
        ([-1.0, -0.5, 0.0, 1.0], [0, 64, 128, 255], "[-1, 1]"),
        ([-0.9, -0.5, 0.0, 0.1], [13, 64, 128, 140], "[-1, 1]"),
    ],
)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_of_a_clear_range_become_levels_and_a_note_says_so(values, levels, said, dtype):
    array = np.resize(np.array(values, dtype), (2, 8, 8))
    x, notes = to_images(array)
    assert x[0, 0, 0, :4].tolist() == levels
    assert len(notes) == 1 and f"is read as {said} and reduced to 8 bits" in notes[0]


@pytest.mark.parametrize(
    "ends", [(0, 255), (0, 1.5), (-3, 3), (-0.1, 1), (0, 0.004), (-2, 0), (0, np.nan), (0, np.inf)]
)
def test_floats_of_another_range_are_refused(ends):
    with pytest.raises(UnfitArrayError, match=r"whose range is not clear"):
        to_images(np.resize(np.array(ends, np.float32), (2, 8, 8)))


def test_images_that_are_nearly_black_are_noted():
    assert to_images(np.resize(np.arange(17, dtype=np.uint8), (4, 8, 8)))[1] == [
        "the images are dark: their brightest value is 16 of 255"
    ]


def test_images_are_fitted_as_those_of_files_are():
    pixels = noise(3, size=20)[:, :, 2:18]  # 20 high, 16 wide
    for way, said in (("crop", "cropped to the centre square"), ("pad", "padded to a square")):
        options = DecodeOptions(3, 12, fit=way)
        x, notes = fit_images(torch.from_numpy(pixels).permute(0, 3, 1, 2), options)
        assert torch.equal(x, torch.stack([decode_image(png_of(image), options).pixels for image in pixels]))
        assert notes == [f"3 of 3 images {said}"]


@pytest.mark.parametrize(
    ("array", "y", "names"),
    [
        (np.array([0, 2, 1]), [0, 2, 1], ("0", "1", "2")),
        (np.array([[7], [30], [7]], np.uint8), [0, 1, 0], ("7", "30")),
        (np.array([-1, 10, 9, 10]), [0, 2, 1, 2], ("-1", "9", "10")),
        (np.array([2.0, 0.0, 0.0], np.float32), [1, 0, 0], ("0", "2")),
        (np.array(["dog", "cat", "dog"]), [1, 0, 1], ("cat", "dog")),
        (np.array([b"10", b"9", b"9"]), [1, 0, 0], ("9", "10")),
        (np.array([[0, 1, 0], [1, 0, 0]]), [1, 0], ("0", "1", "2")),
        (np.array([True, False, False]), [1, 0, 0], ("False", "True")),
    ],
)
def test_values_are_classes_in_natural_order(array, y, names):
    found, class_names, _ = to_labels(array, len(array))
    assert (found.tolist(), found.dtype, class_names) == (y, torch.int64, names)


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros(3), "no labels of 4 images"),
        (np.zeros((4, 2)), "no labels of 4 images"),
        (np.array([0.5, 1, 1, 0]), "no whole numbers"),
        (np.array([0, np.nan, 1, 1]), "no whole numbers"),
        (np.arange(12), "another value for each of 12 images"),
        (np.zeros(4, complex), "no labels of 4 images"),
    ],
)
def test_what_is_no_label_is_refused(array, said):
    with pytest.raises(UnfitArrayError, match=re.escape(said)):
        to_labels(array, max(4, len(array)))
