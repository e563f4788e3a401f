"""Realism against distances by hand, and against a loop."""

import pytest
import torch
from ganzoo_metrics import Realism
from ganzoo_metrics.realism import realism
from sets import feature_set

import ganzoo

LINE = torch.tensor([[0.0], [1.0], [3.0], [6.0], [20.0]])  # distances to the nearest other: 1, 1, 2, 3, 14


def test_it_is_the_largest_ratio_of_a_radius_and_a_distance():
    fake = torch.tensor([[-1.0], [2.0], [6.0]])  # kept are 0, 1 and 3, with radii up to the median, 2
    assert realism(LINE, fake, 1).tolist() == pytest.approx([1 / 1, 2 / 1, 2 / 3])


def test_it_is_that_of_a_loop():
    torch.manual_seed(0)
    real, fake, k = torch.randn(31, 3).double(), 2 * torch.randn(9, 3).double(), 3
    radii = [sorted((r - other).norm().item() for other in real)[k] for r in real]
    kept = [(r, radius) for r, radius in zip(real, radii, strict=True) if radius <= sorted(radii)[15]]
    expected = [max(radius / (g - r).norm().item() for r, radius in kept) for g in fake]
    assert realism(real, fake, k).tolist() == pytest.approx(expected, rel=1e-9)


def test_a_copy_counts_as_a_thousand_and_a_lonely_image_lends_nothing():
    assert realism(LINE, torch.tensor([[1.0], [20.0]]), 1).tolist() == pytest.approx([1000, 2 / 17])


def test_copies_in_the_reference_give_finite_numbers():
    real = torch.zeros(6, 2)
    assert realism(real, torch.tensor([[0.0, 0.0], [3.0, 4.0]]), 3).tolist() == [1000, 0]


def test_the_score_is_the_median():
    score = Realism(neighbours=1).compute(real=feature_set(LINE), fake=feature_set([[-1.0], [2.0], [6.0]]))["realism"]
    assert score[:2] == (1, "higher")


def test_as_many_images_as_neighbours_are_too_few():
    few = feature_set(torch.zeros(3, 2))
    with pytest.raises(ganzoo.EvaluationError, match="takes 4 or more"):
        Realism().compute(real=few, fake=few)
