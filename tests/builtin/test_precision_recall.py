"""Precision, recall, density and coverage of points placed by hand."""

import pytest
import torch

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


# Images that stand in a set several times


@pytest.mark.parametrize("dim", [2, 64], ids=["points", "features"])
def test_copies_of_images_that_stand_six_times_cover_them(dim):
    """Each copy lies in the balls of its image's six rows, of radius 0: a density of 6 / 5."""
    images = draw(40, dim, seed=0)
    real, fake = features(images.repeat(6, 1)), features(images * (1 + 1e-6 * (dim > 16)))  # rounded by a network
    scores = PrecisionRecall().compute(real=real, fake=fake) | DensityCoverage().compute(real=real, fake=fake)
    assert {name: score.value for name, score in scores.items()} == {
        "precision": 1.0, "recall": 1.0, "density": 1.2, "coverage": 1.0
    }  # fmt: skip


def test_other_images_do_not_cover_those_that_stand_six_times():
    images = draw(40, 64, seed=0)
    scores = DensityCoverage().compute(real=features(images.repeat(6, 1)), fake=features(draw(40, 64, seed=1)))
    assert (scores["density"].value, scores["coverage"].value) == (0, 0)


def test_coverage_of_copies_by_hand():
    """Radii to the second neighbour: 0 0 0 4 9 for 0 0 0 4 9; 0 is in the first three balls, 4.5 in the last two."""
    real, fake = on_a_line(0, 0, 0, 4, 9), on_a_line(0, 4.5)
    scores = DensityCoverage(neighbours=2).compute(real=real, fake=fake)
    assert scores["density"].value == pytest.approx((3 + 2) / (2 * 2))
    assert scores["coverage"].value == 1
    assert PrecisionRecall(neighbours=2).compute(real=real, fake=on_a_line(0, 0, 0))["precision"].value == 1


def test_the_number_of_images_without_a_neighbour_but_their_copies_is_a_warning():
    once, often = draw(30, 64, seed=0), draw(5, 64, seed=1)
    real = features(torch.cat([once, often.repeat(6, 1)]))
    (line,) = DensityCoverage().warn(real=real, fake=features(once.repeat(2, 1)))
    assert line.startswith("30 of 60 reference images stand in their set 6 times or more")
    assert not DensityCoverage(neighbours=6).warn(real=real, fake=features(once.repeat(2, 1)))
    assert [line.split()[3] for line in PrecisionRecall().warn(real=real, fake=real)] == ["reference", "generated"]


def test_the_ceiling_of_coverage_is_what_a_perfect_generator_has():
    dc = DensityCoverage()
    assert dc.ceiling(60_000, 2_000) == pytest.approx(0.151, abs=5e-4)
    assert dc.ceiling(2_000, 2_000) == pytest.approx(1 - 1 / 32, abs=1e-3)
    generator = torch.Generator().manual_seed(0)
    found = [dc.compute(real=plane(300, generator), fake=plane(100, generator))["coverage"].value for _ in range(20)]
    assert sum(found) / len(found) == pytest.approx(dc.ceiling(300, 100), abs=0.02)


def test_a_low_ceiling_of_coverage_is_a_warning():
    generator = torch.Generator().manual_seed(0)
    (warning,) = DensityCoverage().warn(real=plane(300, generator), fake=plane(20, generator))
    assert (
        warning
        == "coverage of a perfect generator would be 0.278 with 20 generated and 300 reference images, and not 1"
    )
    assert DensityCoverage().warn(real=plane(100, generator), fake=plane(100, generator)) == ()


def plane(count, generator):
    return features(torch.randn(count, 2, generator=generator))
