"""The Inception score: closed forms, its interval, and what it needs."""

import math

import numpy as np
import pytest
import torch

from ganzoo.builtin.metrics.inception_score import InceptionScore
from ganzoo.errors import EvaluationError
from support.features import draw, features


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


def test_inception_score_needs_logits_and_an_image_per_split():
    with pytest.raises(EvaluationError, match="no classes") as refusal:
        InceptionScore().compute(real=features(torch.randn(20, 2)), fake=features(torch.randn(20, 2)))
    assert "inception" in refusal.value.hint
    with pytest.raises(EvaluationError, match="features of 9, and this metric takes 10"):
        score_logits(torch.zeros(9, 3))
