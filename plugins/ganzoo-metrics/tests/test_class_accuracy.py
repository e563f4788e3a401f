"""Class accuracy against counts by hand."""

import pytest
import torch
from ganzoo_metrics import ClassAccuracy
from sets import feature_set

import ganzoo


def classified(found, labels):
    return feature_set(torch.zeros(len(labels), 3), labels, torch.eye(2)[torch.tensor(found)])


REAL = classified([0, 0, 1, 1], [0, 0, 1, 1])


def test_it_is_the_mean_over_classes_of_the_share_that_is_found():
    fake = classified([0, 0, 0, 1, 1, 0], [0, 0, 0, 0, 1, 1])  # 3 of 4, and 1 of 2
    score = ClassAccuracy().compute(real=REAL, fake=fake)["class-accuracy"]
    assert score.value == pytest.approx((3 / 4 + 1 / 2) / 2)
    assert {name: each.value for name, each in score.classes.items()} == {"a": 0.75, "b": 0.5}
    assert score.better == "higher"


def test_the_interval_is_that_of_agresti_and_coull_and_has_a_width_at_1():
    score = ClassAccuracy().compute(real=REAL, fake=classified([0] * 8 + [1] * 8, [0] * 8 + [1] * 8))["class-accuracy"]
    q = (8 + 2) / (8 + 4)
    error = (2 * q * (1 - q) / (8 + 4)) ** 0.5 / 2
    assert (score.value, score.high) == (1, 1)
    assert score.low == pytest.approx(1 - 1.959964 * error)


def test_the_interval_holds_the_truth_nineteen_times_of_twenty():
    torch.manual_seed(0)
    labels, held = torch.arange(60) % 2, 0
    for _ in range(200):
        right = torch.rand(60) < torch.tensor([0.9, 0.7])[labels]
        fake = classified(torch.where(right, labels, 1 - labels).tolist(), labels.tolist())
        score = ClassAccuracy().compute(real=REAL, fake=fake)["class-accuracy"]
        held += score.low <= 0.8 <= score.high
    assert 0.93 <= held / 200 <= 0.99


@pytest.mark.parametrize(
    ("real", "fake", "what"),
    [
        (feature_set(torch.zeros(4, 3)), REAL, "the reference has none"),
        (REAL, feature_set(torch.zeros(4, 3), logits=torch.eye(2)[[0, 0, 1, 1]]), "these have none"),
        (REAL, classified([0, 0, 1], [0, 0, 1]), "too few generated images of a class.*: b"),
        (feature_set(torch.zeros(4, 3), [0, 0, 1, 1]), REAL, "knows 0 classes, and the dataset has 2"),
        (classified([1, 1, 0, 1], [0, 0, 1, 1]), REAL, "25% of the reference"),
    ],
)
def test_what_it_cannot_read_is_refused(real, fake, what):
    with pytest.raises(ganzoo.EvaluationError, match=what) as refused:
        ClassAccuracy().compute(real=real, fake=fake)
    assert refused.value.hint


def test_a_classifier_that_errs_about_the_reference_is_told():
    assert ClassAccuracy().warn(real=REAL, fake=REAL) == []
    erring = classified([0, 1, 1, 1], [0, 0, 1, 1])
    assert ClassAccuracy().warn(real=erring, fake=REAL) == ["class-accuracy of the reference itself is 0.750"]
