"""Datasets that break one promise each."""

from typing import ClassVar

import torch

import ganzoo
from ganzoo.builtin.datasets.digits import Digits
from ganzoo.testing import datasets
from support.faulty.plant import planted


@planted("dataset", datasets.samples_have_their_type_and_range, "float32 in .-1, 1.\n  came    x torch.float64")
class Doubles(Digits):
    def load(self):
        samples = super().load()
        return ganzoo.Samples(samples.x.double(), samples.y, samples.class_names)


@planted("dataset", datasets.samples_have_their_type_and_range, r"try     y\.long\(\)")
class FloatLabels(Digits):
    def load(self):
        samples = super().load()
        return ganzoo.Samples(samples.x, samples.y.float(), samples.class_names)


@planted("dataset", datasets.images_have_their_channels_first, r"\(M, C, H, W\)")
class NoChannels(Digits):
    def load(self):
        samples = super().load()
        return ganzoo.Samples(samples.x[:, 0], samples.y, samples.class_names)


@planted("dataset", datasets.content_is_the_same_every_time, "the same samples in the same order")
class Shuffled(Digits):
    def load(self):
        samples = super().load()
        order = torch.randperm(len(samples))
        return ganzoo.Samples(samples.x[order], samples.y[order], samples.class_names)


@planted("dataset", datasets.default_features_exist, "came    'nonesuch'")
class Unscored(Digits):
    default_features: ClassVar[str] = "nonesuch"
