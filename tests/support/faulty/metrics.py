"""Metrics that break one promise each: the squared distance of the means, of which one thing is changed."""

from dataclasses import dataclass, replace
from itertools import count
from typing import ClassVar

import torch

import ganzoo
from ganzoo.testing import metrics
from support.faulty.plant import planted

TICKS = count()


@dataclass(frozen=True)
class MeanDistance(ganzoo.Metric):
    """Squared distance of the means; nobody's invention."""

    better: ClassVar[str] = "lower"

    def compute(self, *, real, fake):
        if fake.count < 2:
            raise ganzoo.EvaluationError("two images at least")
        return {"distance": ganzoo.Score(self.distance(real, fake), self.better)}

    def distance(self, real, fake):
        return float((real.mean - fake.mean).square().sum())


@planted("metric", metrics.scores_are_plain_finite_numbers, "distance.value to be a finite float")
class Tensorial(MeanDistance):
    def distance(self, real, fake):
        return (real.mean - fake.mean).square().sum()


@planted("metric", metrics.scores_are_the_same_every_time, "with a seed that is an option")
class Random(MeanDistance):
    def distance(self, real, fake):
        return super().distance(real, fake) * float(torch.rand(()))


@planted("metric", metrics.equal_sets_are_better_than_unlike_ones, "better scores of equal sets")
class Reversed(MeanDistance):
    better: ClassVar[str] = "higher"


@planted("metric", metrics.preparing_changes_no_score, "leaves the rest as it is")
class Preparing(MeanDistance):
    def prepare(self, real):
        return replace(real, mean=torch.zeros_like(real.mean))


@planted("metric", metrics.order_of_images_does_not_matter, "pair no rows")
class Paired(MeanDistance):
    def distance(self, real, fake):
        return float((real.rows - fake.rows).prod(dim=1).cumsum(0).mean())


@planted("metric", metrics.one_image_is_too_few, "an EvaluationError for one image")
class Careless(MeanDistance):
    def compute(self, *, real, fake):
        return {"distance": ganzoo.Score(self.distance(real, fake), self.better)}


@planted("metric", metrics.a_generator_is_measured_alike_every_time, "without a generator of your own")
class Unseeded(MeanDistance):
    def compute_generator(self, sampler):
        z, y = sampler.draw(2)
        return {"first": ganzoo.Score(float(sampler(z, y).rows[0, 0]) + next(TICKS), "lower")}


@planted("metric", metrics.features_are_those_of_an_extractor, "features among")
class Misspelt(MeanDistance):
    features: ClassVar[str] = "incepton"
