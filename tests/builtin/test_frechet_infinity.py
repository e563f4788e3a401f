"""The Frechet distance extrapolated to infinitely many images."""

import math

import pytest
import torch

from ganzoo.builtin.metrics.frechet import FrechetDistance
from ganzoo.builtin.metrics.frechet_infinity import FrechetDistanceInfinity, extrapolate, fit_line, shares, summarise
from ganzoo.errors import EvaluationError
from support.features import coverage_of, diagonal, draw, features


def test_extrapolated_distance_of_equal_gaussians_is_nearer_to_zero():
    real, fake = diagonal(*[1] * 8), features(draw(800, 8, seed=0))
    biased = FrechetDistance().compute(real=real, fake=fake)["FD"].value
    score = FrechetDistanceInfinity().compute(real=real, fake=fake)["FD-infinity"]
    assert biased > 0.04  # its expectation is about D (D + 5) / (4 n)
    assert abs(score.value) < biased / 4
    assert score.low < 0 < score.high


def test_interval_of_the_extrapolated_distance_holds_the_truth_19_times_in_20():
    real, metric = diagonal(1, 0.5), FrechetDistanceInfinity(points=6)
    truth = 2 * 0.3**2 + 0.2**2 + (math.sqrt(0.5) - 1.2) ** 2
    draws = [features(draw(150, 2, seed, scale=1.2, shift=0.3)) for seed in range(200)]
    scores = [metric.compute(real=real, fake=fake)["FD-infinity"] for fake in draws]
    assert 0.91 < coverage_of(scores, truth) < 0.99


def test_a_line_is_continued_exactly_and_leaves_no_residual():
    x = torch.tensor([0.01, 0.02, 0.05, 0.1]).double()
    line = fit_line(x)
    assert (line.intercept @ (2 + 3 * x)).item() == pytest.approx(2.0)
    assert (line.residual @ (2 + 3 * x)).abs().max() < 1e-12


def test_shares_of_the_images_in_an_intercept():
    """Subsets {0, 1} and {0, 1, 2, 3} of 4 images with weights -1 and 2: 2/4 - 1/2, and 2/4."""
    total = shares(torch.tensor([-1.0, 2.0]), [torch.tensor([0, 1]), torch.arange(4)], 4)
    assert total.tolist() == [0.0, 0.0, 0.5, 0.5]


def test_error_of_an_extrapolation_by_hand():
    """At x = 1, 2, 3 the intercept has the weights 4/3, 1/3, -2/3; the line leaves -1/3, 2/3, -1/3 of 0, 1, 0."""
    line = fit_line(torch.tensor([1.0, 2.0, 3.0]).double())
    bent, subsets = torch.tensor([0.0, 1.0, 0.0]).double(), [torch.tensor([i]) for i in range(3)]
    value, error = extrapolate(line, bent, subsets, torch.zeros(3).double())
    assert value == pytest.approx(1 / 3)
    noise = math.hypot(4 / 3 * 1 / 3, 1 / 3 * 2 / 3, 2 / 3 * 1 / 3) * math.sqrt(3 / (3 - 2))
    assert error == pytest.approx(noise)
    _, error = extrapolate(line, bent, subsets, bent)  # now the images explain the bend
    assert error == pytest.approx(bent.std().item() * math.hypot(4 / 3, 1 / 3, 2 / 3))


def test_moments_of_a_subset():
    rows = draw(30, 4, seed=0)
    found, expected = summarise(rows), features(rows)
    torch.testing.assert_close((found.mean, found.covariance), (expected.mean, expected.covariance))


def test_extrapolation_is_reproducible_and_its_seed_draws_other_subsets():
    real, fake = diagonal(1, 1), features(draw(100, 2, seed=0))
    one, same, other = (FrechetDistanceInfinity(seed=s).compute(real=real, fake=fake) for s in (0, 0, 1))
    assert one == same != other


@pytest.mark.parametrize(("count", "dim", "needed"), [(61, 8, 64), (16, 2, 20)], ids=["singular", "same sizes"])
def test_too_few_images_to_extrapolate(count, dim, needed):
    real = diagonal(*[1] * dim)
    with pytest.raises(EvaluationError, match=f"^{count} generated images") as refusal:
        FrechetDistanceInfinity().compute(real=real, fake=features(draw(count, dim, seed=0)))
    assert refusal.value.hint.startswith(f"--samples {needed},")
    FrechetDistanceInfinity().compute(real=real, fake=features(draw(needed, dim, seed=0)))
