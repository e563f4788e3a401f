"""Scores of each class alone, and their mean over all classes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch

from ganzoo.builtin.metrics.frechet import FrechetDistance
from ganzoo.builtin.metrics.frechet_infinity import summarise
from ganzoo.builtin.metrics.intervals import NORMAL, with_error
from ganzoo.builtin.metrics.precision_recall import PrecisionRecall
from ganzoo.builtin.metrics.requirements import require_enough, require_finite
from ganzoo.contracts import FeatureSet, Metric, Score
from ganzoo.data.listing import abridge
from ganzoo.errors import EvaluationError
from ganzoo.settings.options import PositiveInt


@dataclass(frozen=True)
class IntraFrechetDistance(Metric):
    """Intra-FID: mean over classes of the Frechet distance in each. Miyato and Koyama 2018, arXiv:1802.05637.

    The distance of class k is between the generated images that were made for k and all real images of k. The mean
    gives each class the same weight, however many images it has; the paper generates 5,000 of each of 1,000 classes.

    A class has few images, so its bias of about a constant / n is large: compare equal numbers alone. The intervals
    contain the draw of the generated images, as those of `fid` do.
    """

    def require(self, *, real: FeatureSet, fake: FeatureSet) -> None:
        require_enough(real=real, fake=fake)
        require_of_each_class(real, fake, least=2)

    def compute(self, *, real: FeatureSet, fake: FeatureSet) -> Mapping[str, Score]:
        self.require(real=real, fake=fake)
        require_finite(real=real, fake=fake)
        classes = {
            name: FrechetDistance().compute(real=reals, fake=fakes)["FD"]
            for name, reals, fakes in split_classes(real, fake)
        }
        errors = [(score.high - score.value) / NORMAL for score in classes.values() if score.high is not None]
        mean = with_error(_mean(classes), math.hypot(*errors) / len(classes), "lower", floor=0.0)
        return {"intra-FD": mean._replace(classes=classes)}

    def warn(self, *, real: FeatureSet, fake: FeatureSet) -> Sequence[str]:
        dim = len(real.mean)
        counts = {name: min(len(reals.rows), len(fakes.rows)) for name, reals, fakes in split_classes(real, fake)}
        few = sorted((count, name) for name, count in counts.items() if count <= dim)
        if not few:
            return ()
        what = f"{len(few)} of {len(counts)} classes have no more images than features ({dim:,})"
        return [f"{what}, the fewest {few[0][0]:,} ({few[0][1]}): their FD, and intra-FD, are far too high"]


@dataclass(frozen=True)
class PrecisionRecallPerClass(Metric):
    """Precision and recall of each class, and their means over classes. Kynkaanniemi et al. 2019, arXiv:1904.06991.

    They are those of `prc` between the generated images that were made for a class and all real images of it, k =
    `neighbours`. The means give each class the same weight. They depend on the numbers of images of each class.
    """

    neighbours: PositiveInt = 3

    def require(self, *, real: FeatureSet, fake: FeatureSet) -> None:
        require_enough(real=real, fake=fake)
        require_of_each_class(real, fake, least=self.neighbours + 1)

    def compute(self, *, real: FeatureSet, fake: FeatureSet) -> Mapping[str, Score]:
        self.require(real=real, fake=fake)
        require_finite(real=real, fake=fake)
        metric = PrecisionRecall(self.neighbours)
        found = {name: metric.compute(real=reals, fake=fakes) for name, reals, fakes in split_classes(real, fake)}
        scores = {}
        for which in ("precision", "recall"):
            classes = {name: score[which] for name, score in found.items()}
            scores[f"{which}-per-class"] = Score(_mean(classes), "higher", classes=classes)
        return scores

    def warn(self, *, real: FeatureSet, fake: FeatureSet) -> Sequence[str]:
        return PrecisionRecall(self.neighbours).warn(real=real, fake=fake)


def require_of_each_class(real: FeatureSet, fake: FeatureSet, least: int) -> None:
    """Raise EvaluationError unless both sets have labels, and `least` images or more of each class."""
    if real.labels is None:
        what = "classes are scored one by one, and the reference has no labels"
        raise EvaluationError(what, hint="a dataset of two classes or more, and a generator that was trained on them")
    if fake.labels is None:
        what = "classes are scored one by one, and the generated images have no labels of the reference's classes"
        names = abridge(list(real.class_names))
        hint = f"a conditional run, or images in folders that are named as the classes: {names}"
        raise EvaluationError(what, hint=hint)
    for whose, features in (("reference", real), ("generated", fake)):
        counts = _labels(features).bincount(minlength=len(real.class_names)).tolist()
        if few := [(name, n) for name, n in zip(real.class_names, counts, strict=True) if n < least]:
            listed = abridge([f"{name} ({n})" for name, n in few])
            what = f"too few {whose} images of {len(few)} classes, where each takes {least} or more: {listed}"
            more = f"--samples {max(2 * fake.count, least * len(counts))} (or a folder with more of them)"
            raise EvaluationError(what, hint=more if whose == "generated" else "a reference with more of them")


def split_classes(real: FeatureSet, fake: FeatureSet) -> Iterator[tuple[str, FeatureSet, FeatureSet]]:
    """Yield each class by name, with the features of its real and of its generated images."""
    for k, name in enumerate(real.class_names):
        reals, fakes = (summarise(each.rows[_labels(each) == k]) for each in (real, fake))
        yield name, reals, fakes


def _labels(features: FeatureSet) -> torch.Tensor:
    assert features.labels is not None  # see require_of_each_class
    return features.labels


def _mean(classes: Mapping[str, Score]) -> float:
    return math.fsum(score.value for score in classes.values()) / len(classes)
