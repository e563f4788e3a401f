"""What all metrics share: plain finite numbers, intervals around them, and what is refused."""

import math
from dataclasses import replace

import pytest
import torch

from ganzoo.contracts import FeatureSet
from ganzoo.errors import EvaluationError
from support.features import draw, features
from support.zoo import ZOO

METRICS = {entry.name: entry.component for entry in ZOO.entries("metric")}


# What all of them share


def labelled(rows, logits):
    """Features of two classes in turn."""
    return replace(features(rows, logits), labels=torch.arange(len(rows)) % 2, class_names=("even", "odd"))


def small_set(seed, count=40, dim=3):
    return labelled(draw(count, dim, seed), draw(count, 10, seed + 1))


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
        sets[which] = labelled(torch.full((40, 3), 0.3), torch.full((40, 10), 0.3))
    for score in METRICS[name]().compute(**sets).values():
        assert all(math.isfinite(number) for number in (score.value, score.low or 0, score.high or 0, score.std or 0))


NEEDED = {"fid": (2, 2), "fid-infinity": (2, 2), "is": (2, 10), "kid": (2, 2), "prc": (4, 4), "dc": (6, 2)}
NEEDED |= {"modes": (2, 2), "w1": (2, 2), "intra-fid": (2, 2), "prc-per-class": (2, 2)}


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
