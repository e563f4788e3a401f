"""Copies among rows of features: equal to rounding, wherever they stand."""

import torch

from ganzoo.data.copies import count_copies, find_copies


def normal(count, dim):
    return torch.randn(count, dim, generator=torch.Generator().manual_seed(0))


def test_each_row_has_the_first_that_it_equals():
    rows = torch.tensor([[5.0], [1], [5], [2], [1], [5]])
    assert find_copies(rows).tolist() == [0, 1, 0, 3, 1, 0]
    assert count_copies(rows).tolist() == [3, 2, 3, 1, 2, 3]


def test_features_that_a_network_rounded_are_copies_and_points_that_are_as_near_are_not():
    for dim, copies in ((64, 2), (2, 1)):
        rows = normal(500, dim)
        rows = torch.cat([rows, rows * (1 + 1e-6)])
        assert count_copies(rows).tolist() == [copies] * 1000


def test_a_random_set_has_no_copies():
    assert count_copies(normal(5000, 32)).max() == 1
