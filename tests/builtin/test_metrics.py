"""Metrics: closed forms, definitions written out, intervals against simulation, and what is refused."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from ganzoo.builtin.metrics import pairwise
from ganzoo.builtin.metrics.frechet import FrechetDistance, frechet_distance
from ganzoo.builtin.metrics.frechet_infinity import FrechetDistanceInfinity, extrapolate, fit_line, shares, summarise
from ganzoo.builtin.metrics.frechet_interval import influence
from ganzoo.builtin.metrics.inception_score import InceptionScore
from ganzoo.builtin.metrics.intervals import student_quantile
from ganzoo.builtin.metrics.kernel import KernelDistance
from ganzoo.builtin.metrics.precision_recall import DensityCoverage, PrecisionRecall
from ganzoo.builtin.metrics.square_root import square_root
from ganzoo.contracts import FeatureSet
from ganzoo.errors import EvaluationError
from support.zoo import ZOO

MANY = 10**9
METRICS = {entry.name: entry.component for entry in ZOO.entries("metric")}


def features(rows, logits=None):
    """The feature set of some rows (N, D)."""
    rows = torch.as_tensor(rows)
    rows = rows if rows.is_floating_point() else rows.float()
    covariance = torch.atleast_2d(torch.cov(rows.double().T))
    return FeatureSet(len(rows), rows.double().mean(dim=0), covariance, rows, logits)


def gaussian(mean, covariance):
    """The exact moments of a Gaussian, as if of very many images."""
    mean, covariance = torch.tensor(mean).double(), torch.tensor(covariance).double()
    return FeatureSet(MANY, mean, covariance, torch.zeros(2, len(mean)))


def diagonal(*variances, mean=0.0):
    return gaussian([mean] * len(variances), np.diag(variances))


def draw(count, dim, seed, *, scale=1.0, shift=0.0):
    return torch.randn(count, dim, generator=torch.Generator().manual_seed(seed)) * scale + shift


def coverage_of(scores, truth):
    return np.mean([score.low <= truth <= score.high for score in scores])


# Frechet distance


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
    assert frechet_distance(features(real), features(fake)) == pytest.approx(expected.item(), rel=1e-6)
    assert frechet_distance(features(real), features(real)) == 0


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


def test_interval_of_a_distance_does_not_go_below_zero():
    draws = [features(draw(20, 1, seed)) for seed in range(10)]
    scores = [FrechetDistance().compute(real=diagonal(1), fake=fake)["FD"] for fake in draws]
    assert min(score.low for score in scores) == 0
    assert any(score.high > 2 * score.value for score in scores)  # as far up as it would be below zero


# Extrapolated Frechet distance


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


# Inception score


def score_logits(logits, **options):
    fake = features(torch.randn(len(logits), 2), torch.as_tensor(logits, dtype=torch.float32))
    return InceptionScore(**options).compute(real=features(torch.randn(5, 2)), fake=fake)["IS"]


def test_inception_score_of_uniform_probabilities_is_one():
    score = score_logits(torch.full((40, 10), 3.0))
    assert (score.value, score.std, score.better) == (pytest.approx(1.0), pytest.approx(0.0, abs=1e-12), "higher")


@pytest.mark.parametrize("height", [1e3, 1e30])
def test_inception_score_of_sure_and_balanced_predictions_is_the_number_of_classes(height):
    assert score_logits(height * torch.eye(10).repeat(4, 1), splits=1).value == pytest.approx(10.0)


def test_inception_score_of_two_images_by_hand():
    """p = (3/4, 1/4) and (1/4, 3/4): p(y) = 1/2, so KL = 3/4 log(3/2) + 1/4 log(1/2) for both."""
    logits = torch.tensor([[3.0, 1.0], [1.0, 3.0]]).log()
    assert score_logits(logits, splits=1).value == pytest.approx(1.5**0.75 * 0.5**0.25, rel=1e-6)


def test_interval_of_the_inception_score_is_that_of_the_mean_of_its_splits():
    logits = draw(95, 10, seed=0, scale=3.0)
    parts = InceptionScore().parts(logits)
    assert sorted({len(part) for part in parts}) == [9, 10]
    assert torch.equal(torch.cat(parts).sort(dim=0).values, logits.sort(dim=0).values)
    values = [score_logits(part, splits=1).value for part in parts]
    score = score_logits(logits)
    assert (score.value, score.std) == (pytest.approx(np.mean(values)), pytest.approx(np.std(values)))
    half = 2.262157 * np.std(values, ddof=1) / math.sqrt(10)
    assert (score.low, score.high) == (pytest.approx(score.value - half), pytest.approx(score.value + half))


def test_interval_of_the_inception_score_does_not_go_below_one():
    score = score_logits(draw(20, 10, seed=0), splits=2)
    assert score.low == 1.0 and score.high > 2 * score.value - 1.0


@pytest.mark.parametrize(("freedom", "tabled"), [(1, 12.7062), (2, 4.3027), (9, 2.2622), (30, 2.0423), (1000, 1.9623)])
def test_quantiles_of_student_are_the_tabled_ones(freedom, tabled):
    assert student_quantile(freedom) == pytest.approx(tabled, abs=5e-5)


def test_inception_score_needs_logits_and_an_image_per_split():
    with pytest.raises(EvaluationError, match="no classes") as refusal:
        InceptionScore().compute(real=features(torch.randn(20, 2)), fake=features(torch.randn(20, 2)))
    assert "inception" in refusal.value.hint
    with pytest.raises(EvaluationError, match="features of 9, and this metric takes 10"):
        score_logits(torch.zeros(9, 3))


# Kernel distance


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


# Nearest neighbours


def on_a_line(*points):
    return features([[float(point)] for point in points])


def test_identical_sets_have_full_precision_recall_density_and_coverage():
    same = features(draw(60, 8, seed=0))
    scores = PrecisionRecall().compute(real=same, fake=same) | DensityCoverage().compute(real=same, fake=same)
    assert {name: score.value for name, score in scores.items()} == dict.fromkeys(
        ("precision", "recall", "density", "coverage"), 1.0
    )
    assert {score.better for score in scores.values()} == {"higher"}


def test_a_collapsed_generator_has_high_precision_and_low_recall_and_coverage():
    real = draw(200, 8, seed=0)
    collapsed = features(real[7] + 1e-3 * draw(200, 8, seed=1))
    scores = PrecisionRecall().compute(real=features(real), fake=collapsed)
    assert scores["precision"].value == 1.0
    assert scores["recall"].value <= 1 / 200
    assert DensityCoverage().compute(real=features(real), fake=collapsed)["coverage"].value < 0.1


def test_precision_and_recall_by_hand():
    """Radii to the nearest: real 1 1 1 7, fake 2 2 1 1; 20 and 21 are out of reach, and so is 9."""
    real, fake = on_a_line(0, 1, 2, 9), on_a_line(0.5, 2.5, 20, 21)
    scores = PrecisionRecall(neighbours=1).compute(real=real, fake=fake)
    assert scores["precision"].value == pytest.approx(2 / 4)
    assert scores["recall"].value == pytest.approx(3 / 4)


def test_a_point_on_the_edge_is_inside_for_precision_and_outside_for_density():
    real, fake = on_a_line(0, 1, 10, 11), on_a_line(2, 20, 30)  # 2 is on the edge of the ball around 1 alone
    assert PrecisionRecall(neighbours=1).compute(real=real, fake=fake)["precision"].value == pytest.approx(1 / 3)
    assert DensityCoverage(neighbours=1).compute(real=real, fake=fake)["density"].value == 0.0


def test_density_and_coverage_by_hand():
    """Radii to the second neighbour: 2 1 2 8 for 0 1 2 9; 0.5 is in the first three balls, 20 and 30 in none."""
    real, fake = on_a_line(0, 1, 2, 9), on_a_line(0.5, 20, 30)
    scores = DensityCoverage(neighbours=2).compute(real=real, fake=fake)
    assert scores["density"].value == pytest.approx((3 + 0 + 0) / (2 * 3))
    assert scores["coverage"].value == pytest.approx(3 / 4)


# All pairs, a block at a time


def test_pairs_come_in_small_blocks_and_in_order(monkeypatch):
    monkeypatch.setattr(pairwise, "ENTRIES", 40)
    monkeypatch.setattr(pairwise, "TILE", 6)
    x, y = draw(11, 3, seed=0), draw(17, 3, seed=1)
    blocks = list(pairwise.pairwise(x, y, torch.cdist))
    assert max(block.numel() for _, block in blocks) <= 40
    assert {block.dtype for _, block in blocks} == {torch.float64}
    assert torch.equal(torch.cat([torch.arange(11)[rows] for rows, _ in blocks]), torch.arange(11))
    torch.testing.assert_close(torch.cat([block for _, block in blocks]), torch.cdist(x.double(), y.double()))


@pytest.mark.parametrize("name", ["dc", "kid", "prc"])
def test_scores_do_not_depend_on_the_blocks(name, monkeypatch):
    real, fake = features(draw(50, 30, seed=0)), features(draw(41, 30, seed=1))
    whole = METRICS[name]().compute(real=real, fake=fake)
    monkeypatch.setattr(pairwise, "ENTRIES", 350)
    monkeypatch.setattr(pairwise, "TILE", 13)
    for key, score in METRICS[name]().compute(real=real, fake=fake).items():
        assert score.value == pytest.approx(whole[key].value, rel=1e-9)


# What all of them share


def small_set(seed, count=40, dim=3):
    return features(draw(count, dim, seed), draw(count, 10, seed + 1))


@pytest.mark.parametrize("name", METRICS)
def test_scores_are_plain_finite_numbers_inside_their_interval(name):
    for score in METRICS[name]().compute(real=small_set(0), fake=small_set(2)).values():
        numbers = [number for number in (score.value, score.low, score.high, score.std) if number is not None]
        assert {type(number) for number in numbers} == {float}
        assert all(map(math.isfinite, numbers))
        assert (score.low is None) == (score.high is None)
        assert score.low is None or score.low <= score.value <= score.high


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("constant", ["real", "fake", "both"])
def test_constant_images_give_finite_scores(name, constant):
    sets = {"real": small_set(0), "fake": small_set(2)}
    for which in sets if constant == "both" else [constant]:
        sets[which] = features(torch.full((40, 3), 0.3), torch.full((40, 10), 0.3))
    for score in METRICS[name]().compute(**sets).values():
        assert all(math.isfinite(number) for number in (score.value, score.low or 0, score.high or 0, score.std or 0))


NEEDED = {"fid": (2, 2), "fid-infinity": (2, 2), "is": (2, 10), "kid": (2, 2), "prc": (4, 4), "dc": (6, 2)}
NEEDED |= {"modes": (2, 2), "w1": (2, 2)}


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("few", ["real", "fake"])
def test_too_few_images_are_counted(name, few):
    sets = {"real": small_set(0), "fake": small_set(2)}
    needed = NEEDED[name][few == "fake"]
    rows = torch.randn(needed - 1, 3)
    sets[few] = FeatureSet(needed - 1, torch.zeros(3).double(), torch.eye(3).double(), rows)
    whose = {"real": "reference", "fake": "generated"}[few]
    with pytest.raises(EvaluationError, match=f"{whose} images: .* of {needed - 1}, and this metric takes {needed} "):
        METRICS[name]().compute(**sets)


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("where", ["rows", "logits"])
def test_features_that_are_not_finite_are_refused(name, value, where):
    sets = {"real": small_set(0), "fake": small_set(2)}
    getattr(sets["fake"], where)[3, 1] = value
    with pytest.raises(EvaluationError, match="generated images are not finite"):
        METRICS[name]().compute(**sets)


@pytest.mark.parametrize("name", METRICS)
def test_features_of_two_extractors_are_refused(name):
    with pytest.raises(EvaluationError, match="reference has 4 features per image, the generated images have 3"):
        METRICS[name]().compute(real=small_set(0, dim=4), fake=small_set(2))
