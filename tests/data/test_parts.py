"""Tests of picks that are even over all samples and classes."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from ganzoo.data.parts import pick_evenly


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
