"""The Frechet distance: closed forms of Gaussians, and its interval against simulation."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from ganzoo.builtin.metrics.frechet import FrechetDistance, frechet_distance
from ganzoo.builtin.metrics.frechet_interval import influence, influence_of
from ganzoo.builtin.metrics.square_root import square_root, symmetric_product
from support.features import coverage_of, diagonal, draw, features, gaussian


@pytest.mark.parametrize("seed", range(5))  # rounding errors of both signs
def test_distance_of_a_set_to_itself_is_zero(seed):
    same = features(draw(200, 16, seed))
    assert 0 <= frechet_distance(same, same) < 1e-6 * same.covariance.trace()


@pytest.mark.parametrize(
    ("real", "fake", "distance"),
    [
        (diagonal(1, 2, 3), diagonal(1, 2, 3, mean=2.0), 3 * 2.0**2),
        (diagonal(1, 2, 3), diagonal(4, 8, 12), (1 + 2 + 3) * (2 - 1) ** 2),
        (diagonal(1, 4), diagonal(9, 16, mean=1.0), (3 - 1) ** 2 + (4 - 2) ** 2 + 2),
        (diagonal(1, 1), diagonal(0, 0), 2.0),
    ],
    ids=["shifted", "scaled", "both", "collapsed"],
)
def test_distance_of_gaussians_with_the_same_axes(real, fake, distance):
    assert frechet_distance(real, fake) == pytest.approx(distance, rel=1e-12)
    assert frechet_distance(fake, real) == pytest.approx(distance, rel=1e-12)


def test_distance_of_gaussians_whose_covariances_do_not_commute():
    """In the plane tr (AB)^(1/2) = sqrt(tr AB + 2 sqrt(det AB))."""
    a, b = np.array([[2.0, 1.0], [1.0, 3.0]]), np.array([[1.0, -0.5], [-0.5, 0.75]])
    root = math.sqrt(np.trace(a @ b) + 2 * math.sqrt(np.linalg.det(a @ b)))
    expected = np.trace(a) + np.trace(b) - 2 * root
    assert frechet_distance(gaussian([0, 0], a), gaussian([0, 0], b)) == pytest.approx(expected, rel=1e-12)


def test_distance_has_six_digits_where_there_are_fewer_images_than_features():
    """tr (A B)^(1/2) is the sum of the singular values of the product of the centred rows: no root of rounding."""
    real, fake = draw(30, 400, seed=0).double(), draw(20, 400, seed=1, shift=0.1).double()
    centred = [rows - rows.mean(dim=0) for rows in (real, fake)]
    trace = torch.linalg.svdvals(centred[0] @ centred[1].T).sum() / math.sqrt(29 * 19)
    traces = sum(rows.square().sum() / (len(rows) - 1) for rows in centred)
    expected = (real.mean(dim=0) - fake.mean(dim=0)).square().sum() + traces - 2 * trace
    assert frechet_distance(features(real), features(fake)) == pytest.approx(expected.item(), rel=1e-10)
    assert frechet_distance(features(real), features(real)) < 1e-12 * traces


@pytest.mark.parametrize(("reals", "fakes"), [(30, 150), (150, 30), (30, 20)])
def test_distance_and_interval_of_few_images_are_those_of_the_whole_matrices(reals, fakes):
    """Where one set or both have no more images than features: the square root of the matrices themselves."""
    real, fake = features(draw(reals, 50, seed=0).double()), features(draw(fakes, 50, seed=1, shift=0.1).double())
    values, vectors = torch.linalg.eigh(symmetric_product(real, fake))
    score = FrechetDistance().compute(real=real, fake=fake)["FD"]
    assert score.value == pytest.approx(frechet_distance(real, fake, values), rel=1e-7)
    error = influence_of(real, fake, values, vectors).std().item() / math.sqrt(fakes)
    assert (score.high - score.value) / 1.959964 == pytest.approx(error, rel=1e-6)
    known = replace(real, rows=real.rows[:0])  # as from a file of mean and covariance
    assert frechet_distance(known, fake) == pytest.approx(score.value, rel=1e-8)


def test_square_root_of_a_covariance_squares_to_it_and_serves_the_distance():
    real, fake = features(draw(50, 8, seed=0)), features(draw(50, 8, seed=1))
    root = square_root(real.covariance)
    torch.testing.assert_close(root @ root, real.covariance, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(root, root.T, rtol=1e-12, atol=1e-12)
    cached = replace(real, root=root, covariance=real.covariance)
    assert frechet_distance(cached, fake) == pytest.approx(frechet_distance(real, fake), rel=1e-12)


def test_what_only_a_bug_can_make_is_not_clamped():
    real = diagonal(1, 1)
    with pytest.raises(AssertionError, match="squared distance"):
        frechet_distance(replace(real, root=2 * torch.eye(2).double()), real)
    with pytest.raises(AssertionError, match="not a covariance"):
        square_root(torch.diag(torch.tensor([1.0, -0.1]).double()))


def test_influence_is_the_derivative_of_the_distance_towards_each_image():
    real, fake = features(draw(300, 3, seed=0).double()), features(draw(40, 3, seed=1, scale=1.5, shift=0.4).double())
    step, start = 1e-6, frechet_distance(real, fake)
    slopes = []
    for y in fake.rows - fake.mean:
        covariance = (1 - step) * (fake.covariance + step * torch.outer(y, y))
        moved = replace(fake, mean=fake.mean + step * y, covariance=covariance)
        slopes.append((frechet_distance(real, moved) - start) / step)
    found, slopes = influence(real, fake), torch.tensor(slopes).double()
    torch.testing.assert_close(found - found.mean(), slopes - slopes.mean(), rtol=1e-4, atol=1e-4)


def test_standard_error_is_that_of_leaving_out_one_image_at_a_time():
    real, rows = features(draw(300, 3, seed=0)), draw(200, 3, seed=1, scale=1.5, shift=0.4)
    left = torch.tensor([frechet_distance(real, features(torch.cat([rows[:i], rows[i + 1 :]]))) for i in range(200)])
    jackknife = 199 / 200**0.5 * left.std(correction=0).item()
    score = FrechetDistance().compute(real=real, fake=features(rows))["FD"]
    assert (score.high - score.value) / 1.96 == pytest.approx(jackknife, rel=0.03)


def test_interval_of_the_distance_holds_its_mean_19_times_in_20():
    real = diagonal(1, 0.5, 0.25)
    draws = [features(draw(150, 3, seed, shift=0.2)) for seed in range(400)]
    scores = [FrechetDistance().compute(real=real, fake=fake)["FD"] for fake in draws]
    assert 0.92 < coverage_of(scores, np.mean([score.value for score in scores])) < 0.98


@pytest.mark.parametrize(("shift", "scale"), [(0.0, 1.0), (0.1, 1.0), (0.0, 1.3)])
def test_interval_is_as_wide_as_draws_differ_also_beside_a_perfect_generator(shift, scale):
    real = diagonal(*[1.0, 0.5, 0.25, 0.1] * 2)
    spread = torch.tensor([1.0, 0.5, 0.25, 0.1] * 2).sqrt() * scale
    scores = [
        FrechetDistance().compute(real=real, fake=features(draw(400, 8, seed) * spread + shift))["FD"]
        for seed in range(300)
    ]
    errors = [(score.high - score.value) / 1.96 for score in scores]
    values = [score.value for score in scores]
    assert np.mean(np.square(errors)) ** 0.5 == pytest.approx(np.std(values), rel=0.13)  # 1.41 times without care
    assert 0.91 < coverage_of(scores, np.mean(values)) <= 0.98


def test_interval_of_a_distance_does_not_go_below_zero():
    draws = [features(draw(20, 1, seed)) for seed in range(10)]
    scores = [FrechetDistance().compute(real=diagonal(1), fake=fake)["FD"] for fake in draws]
    assert min(score.low for score in scores) == 0
    assert any(score.high > 2 * score.value for score in scores)  # as far up as it would be below zero
