"""Handwritten digits class by class, in the features of runs: each failure is named first, and real digits are not."""

from dataclasses import replace
from statistics import median

import pytest
import torch
from torch import nn

from ganzoo.builtin.datasets.mnist_5k import MNIST5k
from ganzoo.builtin.features.bundled import DigitsCNN
from ganzoo.contracts import Samples
from ganzoo.data.images import from_uint8
from support.class_audits import alarms, look
from support.dirac import CPU

K = 10


@pytest.fixture(scope="module")
def extractor():
    return DigitsCNN().load(CPU.torch_device)


@pytest.fixture(scope="module")
def digits():
    """Two halves of the data: training samples of a run, and those that its generator shows."""
    samples = MNIST5k(image_size=16).load()
    halves = torch.randperm(len(samples.y), generator=torch.Generator().manual_seed(0)).chunk(2)
    return tuple(Samples(samples.x[half], samples.y[half], samples.class_names) for half in halves)


class Showing(nn.Module):
    """Shows real digits in turn: of class `classes[y]`, or of all classes if `blind`.

    `own` maps a label to the share of a sample that is its own digit; the rest is the first digit of the class.
    """

    def __init__(self, digits, classes=range(K), own=None, blind=False):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))
        self.x = [from_uint8(digits.x[digits.y == k]) for k in range(K)]
        self.classes, self.own, self.blind, self.shown = [*classes], own or {}, blind, 0

    def forward(self, z, y):
        return torch.stack([self.show(label) for label in y.tolist()])

    def show(self, label):
        self.shown += 1
        digits = self.x[self.shown % K if self.blind else self.classes[label]]
        share = self.own.get(label, 1.0)
        return share * digits[self.shown % len(digits)] + (1 - share) * digits[0]


def shuffled(samples):
    order = torch.randperm(len(samples.y), generator=torch.Generator().manual_seed(0))
    return replace(samples, y=samples.y[order])


def without(k):
    def drop(samples):
        kept = samples.y != k
        return Samples(samples.x[kept], samples.y[kept], samples.class_names)

    return drop


class Grainy(Showing):
    """Adds noise to one picture of each class, which the features of `digits-cnn` take for diversity."""

    def forward(self, z, y):
        x = torch.stack([self.x[label][0] for label in y.tolist()])
        return (x + 0.3 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))).clamp(-1, 1)


ONE_PICTURE = dict.fromkeys(range(K), 0.1)
PLANTED = {
    "class-collapse in one class": ({"own": {3: 0.1}}, None),
    "class-collapse in all classes": ({"own": ONE_PICTURE}, None),
    "class-collapse and wrong classes, as of acgan": (
        {"own": ONE_PICTURE, "classes": [0, 7, 2, 5, 4, 5, 0, 7, 8, 9]}, None),
    "ignored-labels": ({"blind": True}, None),
    "swapped-labels": ({"classes": [0, 1, 2, 5, 4, 3, 6, 7, 8, 9]}, None),
    "missing-classes of the generator": ({"classes": [0, 1, 2, 5, 4, 5, 6, 7, 8, 9]}, None),
    "missing-classes of the data": ({}, without(7)),
    "uninformative-labels": ({}, shuffled),
}  # fmt: skip


@pytest.mark.parametrize(
    "name", [name if "one class" in name else pytest.param(name, marks=pytest.mark.full) for name in PLANTED]
)
def test_a_planted_failure_is_the_first_alarm(name, digits, extractor):
    planted, change = PLANTED[name]
    training, shown = digits
    found = alarms(look(Showing(shown, **planted), change(training) if change else training, extractor))
    assert found[0].name == name.partition(" ")[0]


def test_real_digits_of_another_sample_raise_no_alarm(digits, extractor):
    training, shown = digits
    classes = look(Showing(shown), training, extractor)
    assert alarms(classes) == []
    assert float(classes.accuracy.mean()) > 0.97
    assert min(min(numbers["spread"], numbers["pixels"]) for numbers in classes.diversity) > 0.7


def test_one_picture_of_each_class_under_noise_is_a_collapse_that_features_do_not_see(digits, extractor):
    training, shown = digits
    classes = look(Grainy(shown), training, extractor)
    assert median(numbers["spread"] for numbers in classes.diversity) > 0.5
    assert median(numbers["pixels"] for numbers in classes.diversity) < 0.4
    assert alarms(classes)[0].name == "class-collapse"
