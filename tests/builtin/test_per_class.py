"""Scores of each class alone: means of the scores between images of one class, and refusals where that makes none."""

from dataclasses import replace

import pytest
import torch

from ganzoo.builtin.metrics.frechet import FrechetDistance
from ganzoo.builtin.metrics.intervals import NORMAL
from ganzoo.builtin.metrics.per_class import IntraFrechetDistance, PrecisionRecallPerClass
from ganzoo.errors import EvaluationError
from support.features import draw, features

NAMES = ("cat", "dog")


def labelled(*rows):
    """Rows of each class, one class after the other."""
    labels = torch.arange(len(rows)).repeat_interleave(torch.tensor([len(each) for each in rows]))
    return replace(features(torch.cat(rows)), labels=labels, class_names=NAMES)


def test_intra_fd_is_the_mean_of_the_distances_of_the_classes_whatever_their_sizes():
    """Each class of the fakes is moved: by 3 along one feature, and by 1 along two."""
    cats, dogs = draw(200, 4, seed=0), draw(60, 4, seed=1) + 5
    fake = labelled(cats + torch.tensor([3.0, 0, 0, 0]), dogs + torch.tensor([1.0, 1, 0, 0]))
    score = IntraFrechetDistance().compute(real=labelled(cats, dogs), fake=fake)["intra-FD"]
    assert {name: each.value for name, each in score.classes.items()} == pytest.approx({"cat": 9, "dog": 2}, abs=1e-5)
    assert (score.value, score.better) == (pytest.approx(11 / 2, abs=1e-5), "lower")


def test_distances_and_intervals_of_classes_are_those_of_fid_and_the_mean_has_their_error():
    real, fake = ([draw(n, 3, seed) for n, seed in ((100, s), (50, s + 1))] for s in (0, 2))
    score = IntraFrechetDistance().compute(real=labelled(*real), fake=labelled(*fake))["intra-FD"]
    alone = [
        FrechetDistance().compute(real=features(r), fake=features(f))["FD"] for r, f in zip(real, fake, strict=True)
    ]
    for mine, theirs in zip(score.classes.values(), alone, strict=True):
        assert mine[:4] == (pytest.approx(theirs.value), "lower", pytest.approx(theirs.low), pytest.approx(theirs.high))
    errors = [(each.high - each.value) / NORMAL for each in alone]
    assert score.high == pytest.approx(score.value + NORMAL * (errors[0] ** 2 + errors[1] ** 2) ** 0.5 / 2)


def test_a_generator_that_swaps_its_classes_is_found_out_by_class_alone():
    cats, dogs = draw(100, 4, seed=0), draw(100, 4, seed=1) + 5
    real, swapped = labelled(cats, dogs), labelled(dogs, cats)
    assert FrechetDistance().compute(real=real, fake=swapped)["FD"].value == pytest.approx(0, abs=1e-4)
    assert IntraFrechetDistance().compute(real=real, fake=swapped)["intra-FD"].value > 4 * 5**2 * 0.8
    scores = PrecisionRecallPerClass().compute(real=real, fake=swapped)
    assert scores["precision-per-class"].value == scores["recall-per-class"].value == 0


def test_precision_and_recall_of_a_collapsed_class_stand_beside_those_of_a_good_one():
    cats, dogs = draw(100, 4, seed=0), draw(100, 4, seed=1) + 9
    scores = PrecisionRecallPerClass().compute(real=labelled(cats, dogs), fake=labelled(cats, dogs[:1].repeat(100, 1)))
    precision, recall = scores["precision-per-class"], scores["recall-per-class"]
    assert {name: score.value for name, score in precision.classes.items()} == {"cat": 1, "dog": 1}
    assert {name: score.value for name, score in recall.classes.items()} == {"cat": 1, "dog": 0.01}
    assert (recall.value, recall.better) == (pytest.approx(0.505), "higher")


@pytest.mark.parametrize("metric", [IntraFrechetDistance(), PrecisionRecallPerClass()])
def test_sets_without_labels_or_with_too_few_images_of_a_class_are_refused_in_words(metric):
    whole, few = labelled(draw(20, 2, 0), draw(20, 2, 1)), labelled(draw(39, 2, 0), draw(1, 2, 1))
    for real, fake, words in (
        (replace(whole, labels=None), whole, "the reference has no labels"),
        (whole, replace(whole, labels=None), "the generated images have no labels of the reference's classes"),
        (whole, few, r"too few generated images of 1 classes, where each takes \d or more: dog \(1\)"),
        (few, whole, r"too few reference images of 1 classes, where each takes \d or more: dog \(1\)"),
    ):
        with pytest.raises(EvaluationError, match=words) as caught:
            metric.compute(real=real, fake=fake)
        assert caught.value.hint


def test_classes_of_no_more_images_than_features_are_a_warning():
    real, fake = labelled(draw(20, 8, 0), draw(20, 8, 1)), labelled(draw(20, 8, 2), draw(8, 8, 3))
    (line,) = IntraFrechetDistance().warn(real=real, fake=fake)
    assert line.startswith("1 of 2 classes have no more images than features (8), the fewest 8 (dog)")
    assert not IntraFrechetDistance().warn(real=real, fake=real)
