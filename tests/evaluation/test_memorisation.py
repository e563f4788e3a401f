"""Memorisation: copies, points placed by hand, and the shares that geometry predicts for unseen images."""

import json
import math

import pytest
import torch

from ganzoo.data.neighbours import find_neighbours
from ganzoo.errors import EvaluationError
from ganzoo.evaluation.memorisation import PAIRS, Pair, draw_pairs, find_memorised, put_in_pairs

torch.set_num_threads(1)


def column(*numbers):
    return torch.tensor(numbers, dtype=torch.float32)[:, None]


def normal(count, dim, seed):
    return torch.randn(count, dim, generator=torch.Generator().manual_seed(seed))


def uniform(count, dim, seed):
    return torch.rand(count, dim, generator=torch.Generator().manual_seed(seed))


# Points placed by hand


def test_points_on_a_line():
    """Training points 0, 1, 10, 14 lie 1, 1, 4 and 4 from their nearest; 0.75 is nearest to 1, 7 to 10, 20 to 14."""
    found = find_memorised(real=column(0, 1, 10, 14), fake=column(0.75, 7, 20, 13))
    assert found.share == 3 / 4  # 20 is 6 away
    assert found.pairs == (Pair(0, 1, 0.25, 1), Pair(3, 3, 1, 4), Pair(1, 2, 3, 4), Pair(2, 3, 6, 4))
    assert [pair.ratio for pair in found.pairs] == [0.25, 0.25, 0.75, 1.5]


def test_the_expected_share_is_that_of_mutual_neighbours():
    """Of 0, 1, 3 and 7 each has the one before as nearest, but 0, which has 1: only 0 and 1 are mutual."""
    assert find_memorised(real=column(0, 1, 3, 7), fake=column(0)).expected == 1 / 2


def test_a_point_as_far_as_the_neighbour_counts_as_memorised():
    assert find_memorised(real=column(0, 2, 10), fake=column(-2)).share == 1
    assert find_memorised(real=column(0, 2, 10), fake=column(-2.001)).share == 0


def test_a_copy_of_what_the_data_hold_twice_is_memorised_and_every_number_stays_finite():
    found = find_memorised(real=column(0, 5, 5, 20), fake=column(5, 5.5))
    assert found.share == 1 / 2
    assert found.pairs == (Pair(0, 1, 0, 0), Pair(1, 1, 0.5, 0))
    assert [pair.ratio for pair in found.pairs] == [0, None]
    assert json.dumps(found.pairs, allow_nan=False) == "[[0, 1, 0.0, 0.0], [1, 1, 0.5, 0.0]]"


def test_training_images_that_are_all_alike_give_an_answer():
    found = find_memorised(real=torch.ones(5, 3), fake=torch.ones(4, 3))
    assert (found.share, found.expected, found.pairs[0].ratio) == (1, 0, 0)  # an unseen image is no copy


def test_copies_among_the_training_images_do_not_raise_the_expected_share():
    """Of 0, 1, 3 and 7 only 0 and 1 are mutual; nothing else is as near to 50 as its copy."""
    assert find_memorised(real=column(0, 1, 3, 7, 50, 50), fake=column(0)).expected == 1 / 2


def test_a_copy_is_found_beyond_the_rounding_of_a_network():
    real = normal(50, 64, seed=0).repeat(2, 1)
    fake = real[:20] * (1 + 1e-6)  # the features of the same images in a batch of another size
    found = find_memorised(real=real, fake=fake)
    assert (found.share, {pair.distance for pair in found.pairs}) == (1, {0})


# Copies


@pytest.mark.parametrize("offset", [0, 1e4], ids=["at the origin", "far from it"])
def test_copies_give_one_and_are_found(offset):
    real = normal(300, 8, seed=0) + offset
    chosen = torch.randperm(300, generator=torch.Generator().manual_seed(1))[:100]
    found = find_memorised(real=real, fake=real[chosen])
    assert found.share == 1
    assert [(pair.fake, pair.real, pair.distance) for pair in found.pairs] == [
        (i, chosen[i].item(), 0.0) for i in range(PAIRS)
    ]


def test_half_copies_stand_out_against_what_is_expected():
    real, unseen = normal(1000, 32, seed=0), normal(500, 32, seed=1)
    found = find_memorised(real=real, fake=torch.cat([unseen, real[:500] + 0.01]))
    assert abs(found.share - (1 + found.expected) / 2) < 0.04
    assert all(pair.fake == pair.real + 500 for pair in found.pairs)


def test_images_far_off_the_data_are_not_memorised():
    assert find_memorised(real=normal(200, 4, seed=0), fake=normal(100, 4, seed=1) + 50).share == 0


# Unseen images of the same distribution


@pytest.mark.parametrize(
    ("dim", "closed_form"),
    [(1, 2 / 3), (2, math.pi / (4 * math.pi / 3 + math.sqrt(3) / 2)), (3, 16 / 27)],
)
def test_unseen_images_have_the_share_of_mutual_neighbours(dim, closed_form):
    """V / U; four standard errors of 3000 fakes are 0.036."""
    found = find_memorised(real=uniform(3000, dim, seed=0), fake=uniform(3000, dim, seed=1))
    assert abs(found.share - closed_form) < 0.05
    assert abs(found.expected - closed_form) < 0.05


@pytest.mark.parametrize("dim", [16, 64])
def test_in_many_dimensions_the_expected_share_is_measured(dim):
    """Far below one half, where some points are nearest to very many; still that of unseen points."""
    found = find_memorised(real=normal(1500, dim, seed=0), fake=normal(2000, dim, seed=1))
    assert found.share < 0.4
    assert abs(found.share - found.expected) < 0.05


@pytest.mark.parametrize("block", [7, 50, 2048])
def test_blocks_change_nothing(block, monkeypatch):
    monkeypatch.setattr("ganzoo.data.neighbours.ROWS", block)
    monkeypatch.setattr("ganzoo.data.distances.COLUMNS", block)
    real, fake = normal(53, 20, seed=0), normal(29, 20, seed=1)
    found = find_memorised(real=real, fake=fake)
    distances = torch.cdist(fake.double(), real.double())
    among = torch.cdist(real.double(), real.double()).fill_diagonal_(torch.inf).min(dim=1).values
    nearest = distances.min(dim=1)
    assert found.share == (nearest.values <= among[nearest.indices]).double().mean().item()
    closest = (nearest.values / among[nearest.indices]).argsort()[:PAIRS]
    assert [pair.fake for pair in found.pairs] == closest.tolist()
    assert [pair.real for pair in found.pairs] == nearest.indices[closest].tolist()
    assert [pair.distance for pair in found.pairs] == pytest.approx(nearest.values[closest].tolist(), rel=1e-12)


@pytest.mark.parametrize("fakes", [3, 200])
def test_only_the_neighbours_that_are_read_are_searched(fakes, monkeypatch):
    """With few fakes and few held out, not all training images; the answer is that of all of them."""
    monkeypatch.setattr("ganzoo.evaluation.memorisation.SAMPLE", 20)
    real, fake = normal(300, 20, seed=0), normal(fakes, 20, seed=1)
    found = find_memorised(real=real, fake=fake)
    assert found == find_memorised(real=real, fake=fake, among=find_neighbours(real, None, 1))


@pytest.mark.parametrize(("real", "fake"), [(1, 5), (0, 5), (5, 0)])
def test_too_few_images_are_refused(real, fake):
    with pytest.raises(EvaluationError, match=f"{real} training and {fake} generated images are too few") as caught:
        find_memorised(real=torch.zeros(real, 3), fake=torch.zeros(fake, 3))
    assert caught.value.exit_code == 7


# The picture


def constant(value, channels, size, count=3):
    return torch.full((count, channels, size, size), value, dtype=torch.uint8)


PAIR = Pair(fake=0, real=0, distance=1.0, spacing=2.0)


def test_the_picture_has_four_pairs_in_a_row_generated_to_the_left():
    pairs = put_in_pairs(constant(10, 1, 8), constant(200, 1, 8))
    assert pairs[:, 0, 0, 0].tolist() == [10, 200] * 3
    picture = draw_pairs(constant(10, 1, 8, 5), constant(200, 1, 8, 5), [PAIR] * 5)
    assert min(picture.shape[1:]) >= 600  # 2 rows of 4 pairs, each image enlarged
    middle = picture[0, picture.shape[1] // 4]  # through the first row
    assert ((middle[1:] == 200) & (middle[:-1] != 200)).sum() == 4


def test_the_picture_names_the_classes_and_the_ratio():
    plain, named = (
        draw_pairs(constant(10, 1, 8, 1), constant(200, 1, 8, 1), [PAIR], names) for names in ([], [("bird", "cat")])
    )
    assert plain.shape == named.shape and not torch.equal(plain, named)
    copy = draw_pairs(constant(10, 1, 8, 1), constant(200, 1, 8, 1), [PAIR._replace(distance=0.0)])
    assert not torch.equal(copy, plain)


@pytest.mark.parametrize("grey", ["fake", "real"])
def test_grey_beside_colour_is_shown_in_colour(grey):
    colour = torch.tensor([255, 0, 0], dtype=torch.uint8).reshape(1, 3, 1, 1).repeat(1, 1, 8, 8)
    one, two = constant(90, 1, 8, 1), colour
    pairs = put_in_pairs(*((one, two) if grey == "fake" else (two, one)))
    assert pairs.dtype == torch.uint8
    shown = [[90, 90, 90], [255, 0, 0]]
    assert pairs[:, :, 0, 0].tolist() == (shown if grey == "fake" else shown[::-1])


def test_smaller_images_are_enlarged_to_the_others():
    assert put_in_pairs(constant(0, 3, 16, 2), constant(9, 3, 8, 2)).shape == (4, 3, 16, 16)
