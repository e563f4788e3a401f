"""Precision, recall, density and coverage of points placed by hand."""

import pytest

from ganzoo.builtin.metrics.precision_recall import DensityCoverage, PrecisionRecall
from support.features import draw, features


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
