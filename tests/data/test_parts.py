"""A part of a set: picks that are even over all samples and classes, and classes by name or number."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from ganzoo.data.parts import find_class, look_up_class, pick_evenly, split_names, take_classes, take_evenly
from ganzoo.data.samples import LazySamples, Samples
from ganzoo.errors import ConfigError, DataError


def test_each_class_has_its_share():
    labels = torch.tensor([0] * 900 + [1] * 90 + [2] * 10)
    picked = pick_evenly(100, 1000, labels=labels)
    assert labels[picked].bincount().tolist() == [90, 9, 1]


@pytest.mark.parametrize("order", ["sorted", "in turn"])
def test_balanced_classes_stay_balanced_in_any_order(order):
    labels = torch.arange(10).repeat_interleave(100) if order == "sorted" else torch.arange(10).repeat(100)
    assert labels[pick_evenly(30, 1000, labels=labels)].bincount().tolist() == [3] * 10


def test_many_small_classes_have_their_share_beside_a_large_one():
    labels = torch.cat([torch.zeros(500, dtype=torch.int64), torch.arange(1, 501)])
    small = int((labels[pick_evenly(100, 1000, labels=labels)] > 0).sum())
    assert 35 <= small <= 65  # 50 are expected, with a deviation of 5


def test_each_pick_lies_within_the_next():
    labels = torch.tensor([0] * 7 + [1] * 3)
    for given in (None, labels):
        picks = [set(pick_evenly(n, 10, labels=given).tolist()) for n in range(11)]
        assert all(len(pick) == n for n, pick in enumerate(picks))
        assert all(a < b for a, b in pairwise(picks))


def test_pick_is_sorted_seeded_and_not_the_head():
    picked = pick_evenly(10, 100).tolist()
    assert picked == [2, 16, 26, 54, 55, 73, 75, 86, 93, 95]  # as on any machine
    assert picked != pick_evenly(10, 100, seed=1).tolist()


def test_more_than_there_are_is_refused():
    with pytest.raises(ValueError, match="cannot pick 4 out of 3"):
        pick_evenly(4, 3)


# Samples


def made(labels, names=("cat", "dog", "emu")):
    """Images of one pixel whose value is their place."""
    y = torch.tensor(labels)
    return Samples(torch.arange(len(y), dtype=torch.uint8).reshape(-1, 1, 1, 1), y, names)


def places(samples):
    return samples.x[:].flatten().tolist()


def test_classes_are_numbered_anew_in_their_own_order():
    part = take_classes(made([2, 0, 1, 2, 0]), "emu,cat")
    assert (places(part), part.y.tolist(), part.class_names) == ([0, 1, 3, 4], [1, 0, 1, 0], ("cat", "emu"))
    assert part.notes == ("2 of 3 classes: cat, emu; 4 of 5 images",)
    assert part.digests == take_classes(made([2, 0, 1, 2, 0]), [0, 2]).digests


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("cat, dog", [0, 1]), (2, [2]), ([0, 2], [0, 2]), (["dog", 2], [1, 2]), ("1,emu", [1, 2]), ("", [])],
)
def test_classes_go_by_name_or_number(wanted, found):
    assert [find_class(item, ("cat", "dog", "emu")) for item in split_names(wanted)] == found


def test_a_name_goes_before_a_number():
    assert [find_class(text, ("1", "2", "10")) for text in ("1", "10", "0")] == [0, 2, 0]


def test_an_unknown_class_is_refused_with_those_that_are_there():
    with pytest.raises(ConfigError, match="no class 'cow' among 3") as caught:
        take_classes(made([0, 1, 2]), "cow")
    assert caught.value.where == "cat, dog, emu"


def test_a_pick_says_how_many_and_of_how_many():
    part = take_evenly(made([0, 0, 0, 0, 1, 1]), 3)
    assert part.y.tolist() == [0, 0, 1]
    assert part.notes == ("3 of 6 images: an even pick", "1 of 3 classes have none of them")


def test_a_pick_and_its_rest_are_the_whole():
    whole = made([0, 1] * 5)
    part, rest = take_evenly(whole, 4), take_evenly(whole, 4, rest=True)
    assert sorted(places(part) + places(rest)) == list(range(10))
    with pytest.raises(DataError, match="leaves no samples"):
        take_evenly(whole, 10, rest=True)


def test_more_samples_than_there_are_are_refused():
    with pytest.raises(ConfigError, match=r"dataset.limit=7 of 6 images") as caught:
        take_evenly(made([0] * 6), 7)
    assert caught.value.hint.startswith("--set dataset.limit=6")


class Streamed(LazySamples):
    """Images that are decoded on demand, in chunks of two."""

    def __init__(self, x):
        self.x = x

    @property
    def shape(self):
        return tuple(self.x.shape)

    def read(self, index):
        return self.x[index]

    def stream(self, indices):
        while True:
            yield self.x[[next(indices), next(indices)]]


def test_a_part_of_streamed_images_streams_as_one_in_memory_reads():
    whole = made([0, 1] * 5)
    lazy = Samples(Streamed(whole.x), whole.y, whole.class_names)
    part, same = take_evenly(lazy, 4), take_evenly(whole, 4)
    assert part.digests == same.digests
    assert part.x[[3, 0]].flatten().tolist() == [places(same)[3], places(same)[0]]
    assert next(part.x.stream(iter([2, 1]))).flatten().tolist() == [places(same)[2], places(same)[1]]


@pytest.mark.parametrize(
    ("typed", "number"),
    [("bird", 1), ("BIRD", 1), ("Three", 2), ("3", None), ("1", 1), ("3 - three", 2), ("of", 0), ("fish", None)],
)
def test_a_class_is_found_by_its_name_in_any_case_by_one_word_of_it_or_by_its_number(typed, number):
    assert look_up_class(typed, ["cat of the house", "bird", "3 - three"]) == number
