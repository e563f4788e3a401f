"""Feature extractors that break one promise each: digits-cnn, of which one thing is changed."""

from dataclasses import dataclass

import torch

import ganzoo
from ganzoo.builtin.features.bundled import DigitsCNN
from ganzoo.contracts import Features
from ganzoo.testing import extractors
from support.faulty.plant import planted


@dataclass(frozen=True)
class Changed(DigitsCNN):
    """digits-cnn, changed; arXiv:2404.00498."""

    def load(self, device):
        inner = super().load(device)
        return ganzoo.Extractor("changed", self.words(inner), lambda x: self.change(inner.extract(x), x))

    def words(self, inner):
        return inner.fingerprint

    def change(self, features, images):
        return features


@planted("features", extractors.it_says_what_its_numbers_depend_on, "a fingerprint with weights")
class Anonymous(Changed):
    def words(self, inner):
        return {"resize": "none", "dtype": "float32"}


@planted("features", extractors.rows_are_one_per_image, "rows to be float32")
class HalfRows(Changed):
    def change(self, features, images):
        return Features(features.rows.half())


@planted("features", extractors.rows_depend_on_their_image_alone, "the same row for an image alone")
class Centring(Changed):
    def change(self, features, images):
        return Features(features.rows - features.rows.mean(dim=0))


@planted("features", extractors.rows_are_the_same_every_time, "the same rows again")
@planted("features", extractors.loading_leaves_the_random_state, "no random numbers of torch, numpy")
class Dropping(Changed):
    def change(self, features, images):
        return Features(features.rows * torch.rand(()))
