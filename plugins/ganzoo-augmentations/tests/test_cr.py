"""The changes of CR against shifts, mirror images and boxes by hand."""

import pytest
import torch
from ganzoo_augmentations import ConsistencySet
from ganzoo_augmentations.cr import cutout, flip, noise, shift

import ganzoo

IMAGE = torch.arange(8 * 16).reshape(1, 1, 8, 16).float()


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def distinct(images):
    return {tuple(image.flatten().tolist()) for image in images}


def test_half_of_the_images_are_mirrored():
    seen = flip(IMAGE.expand(1000, -1, -1, -1))
    assert distinct(seen) == distinct([IMAGE, IMAGE.flip(3)])
    assert (seen == IMAGE).all(dim=(1, 2, 3)).sum().item() == pytest.approx(500, abs=60)


def test_images_move_by_up_to_an_eighth_and_are_filled_with_their_mirror_image():
    padded = torch.nn.functional.pad(IMAGE, [2, 2, 1, 1], mode="reflect")
    possible = [padded[:, :, up : up + 8, left : left + 16] for up in range(3) for left in range(5)]
    seen = distinct(shift(IMAGE.expand(400, -1, -1, -1)))
    assert seen == distinct(possible)


def test_a_box_of_half_the_sides_is_cut_out_wherever_its_centre_is():
    ones = torch.ones(4000, 1, 8, 16)
    lost = 8 * 16 - cutout(ones).sum(dim=(1, 2, 3))
    assert lost.max().item() == 4 * 8
    assert lost.min().item() == 2 * 4  # in a corner
    assert (cutout(ones).mean(dim=(0, 1)) < 1).all()  # every pixel is lost at times


def test_noise_has_a_deviation_of_a_tenth():
    assert (noise(IMAGE.expand(500, -1, -1, -1)) - IMAGE).std().item() == pytest.approx(0.1, rel=0.02)


def test_changes_follow_one_another():
    cut = ConsistencySet(policy="cutout, noise").transform(ganzoo.DataSpec((1, 8, 8)))(torch.ones(8, 1, 8, 8))
    assert cut.min() < 0.5 and not (cut == 0).any()  # noise lies on the box too


def test_an_unknown_change_is_refused_with_those_that_there_are():
    with pytest.raises(ganzoo.ConfigError, match="'turn' is not one of flip, shift, cutout, noise") as refused:
        ConsistencySet(policy="flip,turn")
    assert refused.value.hint == "--set augment.policy=flip,shift"


def test_points_are_refused():
    with pytest.raises(ganzoo.ConfigError, match="at least 2 x 2 pixels"):
        ConsistencySet().transform(ganzoo.DataSpec((2,)))
