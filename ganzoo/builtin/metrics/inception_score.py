"""Inception score: high if a classifier is sure of each image, and all classes occur equally often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor
from torch.special import entr

from ganzoo.builtin.metrics.intervals import student_quantile, with_error
from ganzoo.builtin.metrics.requirements import require_enough, require_finite
from ganzoo.contracts import FeatureSet, Metric, Score
from ganzoo.errors import EvaluationError
from ganzoo.settings.options import PositiveInt, RandomStateSeed


def inception_score(logits: Tensor) -> float:
    """exp(E KL(p(y|x) || p(y))): logits (N, K) -> a number in [1, K], in float64. arXiv:1606.03498, section 4.

    The divergence is written with entropies, H(p(y)) - E H(p(y|x)), where a probability that underflows
    counts 0 and not 0 * log 0.
    """
    p_y_given_x = logits.double().softmax(dim=1)
    p_y = p_y_given_x.mean(dim=0)
    divergence: Tensor = entr(p_y).sum() - entr(p_y_given_x).sum(dim=1).mean()
    return divergence.exp().item()


@dataclass(frozen=True)
class InceptionScore(Metric):
    """Inception score: exp(E KL(p(y|x) || p(y))), 1 to K, mean over splits. Salimans et al. 2016, arXiv:1606.03498.

    The images are shuffled as torch-fidelity does (numpy's RandomState of `seed`) and cut into `splits`
    parts. Reference images play no part. Besides the standard deviation over the splits there is a 95 %
    interval of their mean, from Student's t with splits - 1 degrees of freedom; it does not contain the bias
    of a part of n / splits images, which is downwards. One split has neither.
    """

    splits: PositiveInt = 10
    seed: RandomStateSeed = 2020

    def require(self, *, real: FeatureSet, fake: FeatureSet) -> None:
        require_enough(real=real, fake=fake, fakes=max(2, self.splits))
        if fake.logits is None:
            what = "the Inception score reads class probabilities, and this extractor has no classes"
            raise EvaluationError(what, hint="--features inception, or --features digits-cnn, or --features photos-cnn")

    def compute(self, *, real: FeatureSet, fake: FeatureSet) -> Mapping[str, Score]:
        self.require(real=real, fake=fake)
        require_finite(real=real, fake=fake)
        assert fake.logits is not None  # see require
        scores = [inception_score(part) for part in self.parts(fake.logits)]
        mean, std = float(np.mean(scores)), float(np.std(scores))
        if self.splits == 1:
            return {"IS": Score(mean, "higher")}
        error = std / (self.splits - 1) ** 0.5  # std has no correction, as in the literature
        quantile = student_quantile(self.splits - 1)
        return {"IS": with_error(mean, error, "higher", quantile=quantile, floor=1.0, std=std)}

    def parts(self, logits: Tensor) -> list[Tensor]:
        """Shuffle (R, K) and cut it into `splits` parts whose lengths differ by 1 at most."""
        order = torch.from_numpy(np.random.RandomState(self.seed).permutation(len(logits)))
        edges = [i * len(logits) // self.splits for i in range(self.splits + 1)]
        shuffled = logits[order.to(logits.device)]
        return [shuffled[start:stop] for start, stop in pairwise(edges)]
