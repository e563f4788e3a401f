"""The kernel distance: its definition written out, and its interval against simulation."""

import math

import numpy as np
import pytest
import torch

from ganzoo.builtin.metrics.kernel import KernelDistance
from support.features import coverage_of, draw, features


def kernel(x, y):
    return (float(x @ y) / len(x) + 1) ** 3


def mmd_by_definition(real, fake):
    """The unbiased estimate, pair by pair. arXiv:1801.01401, Eq. 4."""

    def within(rows):
        return np.mean([kernel(x, y) for i, x in enumerate(rows) for j, y in enumerate(rows) if i != j])

    return within(real) + within(fake) - 2 * np.mean([kernel(x, y) for x in fake for y in real])


def compute_kernel_distance(real, fake, **options):
    return KernelDistance(**options).compute(real=features(real), fake=features(fake))["KD"]


def test_kernel_distance_of_all_images_is_the_unbiased_estimate():
    real, fake = draw(12, 4, seed=0).double(), draw(12, 4, seed=1, shift=0.5).double()
    score = compute_kernel_distance(real, fake)  # subsets of 1,000, where there are 12: all of them each time
    assert score.value == pytest.approx(mmd_by_definition(real, fake), rel=1e-10)
    assert score.std == pytest.approx(0, abs=1e-12)


def test_kernel_distance_is_mean_and_deviation_over_its_subsets():
    real, fake = draw(9, 4, seed=0).double(), draw(14, 4, seed=1).double()
    metric = KernelDistance(subsets=5, subset_size=6)
    random = np.random.RandomState(2020)
    subsets = [[random.choice(count, 6, replace=False) for count in (14, 9)] for _ in range(5)]
    values = [mmd_by_definition(real[in_real], fake[in_fake]) for in_fake, in_real in subsets]
    score = metric.compute(real=features(real), fake=features(fake))["KD"]
    assert score.value == pytest.approx(np.mean(values), rel=1e-10)
    assert score.std == pytest.approx(np.std(values), rel=1e-10)


def test_kernel_distance_of_many_images_makes_the_kernel_of_each_subset_alone(monkeypatch):
    real, fake = draw(30, 4, seed=0).double(), draw(40, 4, seed=1).double()
    whole = compute_kernel_distance(real, fake, subsets=5, subset_size=6)
    monkeypatch.setattr("ganzoo.builtin.metrics.kernel.WHOLE", 69)
    assert compute_kernel_distance(real, fake, subsets=5, subset_size=6).value == pytest.approx(whole.value, rel=1e-12)


def test_kernel_distance_of_more_images_than_a_block_has_rows_is_that_of_each_subset(monkeypatch):
    real, fake = draw(30, 4, seed=0).double(), draw(40, 4, seed=1).double()
    whole = compute_kernel_distance(real, fake, subsets=5, subset_size=6)
    monkeypatch.setattr("ganzoo.builtin.metrics.kernel.ROWS", 7)
    assert compute_kernel_distance(real, fake, subsets=5, subset_size=6).value == pytest.approx(whole.value, rel=1e-12)


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_change_no_bit(threads):
    real, fake = draw(30, 4, seed=0), draw(40, 4, seed=1)
    alone = compute_kernel_distance(real, fake, subsets=7, subset_size=6)
    try:
        torch.set_num_threads(threads)
        assert compute_kernel_distance(real, fake, subsets=7, subset_size=6) == alone
    finally:
        torch.set_num_threads(1)


def test_standard_error_of_the_kernel_distance_is_that_of_leaving_out_one_image_at_a_time():
    real, fake = draw(60, 3, seed=0).double(), draw(60, 3, seed=1, shift=0.5).double()
    left = [
        compute_kernel_distance(real[:59], torch.cat([fake[:i], fake[i + 1 :]]), subsets=2).value for i in range(60)
    ]
    score = compute_kernel_distance(real[:59], fake, subsets=1000)
    drawing = score.std / math.sqrt(999)  # 59 of 60 images are drawn each time
    jackknife = 59 / math.sqrt(60) * np.std(left)
    assert (score.high - score.value) / 1.96 == pytest.approx(math.hypot(jackknife, drawing), rel=0.05)


def test_interval_of_the_kernel_distance_holds_the_drawing_of_the_subsets_too():
    real, fake = draw(40, 3, seed=0).double(), draw(40, 3, seed=1).double()
    whole, drawn = (compute_kernel_distance(real, fake, subsets=5, subset_size=size) for size in (40, 8))
    errors = [(score.high - score.value) / 1.96 for score in (whole, drawn)]
    assert whole.std == pytest.approx(0, abs=1e-12)
    assert errors[1] == pytest.approx(math.hypot(errors[0], drawn.std / math.sqrt(5 - 1)), rel=1e-4)


def test_interval_of_the_kernel_distance_holds_the_truth_19_times_in_20():
    """E k(x, r) over all x for k = (x r + 1)^3 in one dimension: moments of a Gaussian of mean 0.3."""
    mean, second, third = 0.3, 1 + 0.3**2, 0.3**3 + 3 * 0.3
    real = draw(80, 1, seed=5000).double()
    to_real = (1 + 3 * mean * real + 3 * second * real**2 + third * real**3).mean().item()
    gram = (real @ real.T + 1) ** 3
    within = (gram.sum() - gram.trace()).item() / (80 * 79)
    truth = 1 + 3 * mean**2 + 3 * second**2 + third**2 + within - 2 * to_real
    options = [{"subsets": 25, "subset_size": 40, "seed": seed} for seed in range(300)]
    scores = [compute_kernel_distance(real, draw(80, 1, each["seed"], shift=0.3), **each) for each in options]
    values = [score.value for score in scores]
    assert np.mean(values) == pytest.approx(truth, abs=2.5 * np.std(values) / math.sqrt(len(values)))
    assert 0.9 < coverage_of(scores, truth) < 0.98


def test_kernel_distance_of_equal_distributions_is_zero_within_its_interval():
    draws = [(draw(100, 5, 2 * seed), draw(100, 5, 2 * seed + 1)) for seed in range(40)]
    scores = [compute_kernel_distance(real, fake, subsets=10, subset_size=50) for real, fake in draws]
    assert {score.value < 0 for score in scores} == {True, False}  # unbiased: on both sides
    near = compute_kernel_distance(draw(1500, 5, 0), draw(1500, 5, 1), subset_size=500)
    far = compute_kernel_distance(draw(1500, 5, 0), draw(1500, 5, 1, shift=0.5), subset_size=500)
    assert near.low < 0 < near.high < far.low
