"""Inception score: are single images clear to a classifier, and all classes there?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from pydantic import NonNegativeInt, PositiveInt
from torch import Tensor

from ganzoo.builtin.metrics.intervals import student_quantile, with_error
from ganzoo.builtin.metrics.requirements import require
from ganzoo.contracts import FeatureSet, Metric, Score
from ganzoo.errors import EvaluationError


@dataclass(frozen=True)
class InceptionScore(Metric):
    """Inception score: exp(E KL(p(y|x) || p(y))), 1 to K, mean over splits. Salimans et al. 2016, arXiv:1606.03498.

    The images are shuffled as torch-fidelity does (numpy's RandomState of `seed`) and cut into `splits`
    parts. Reference images play no part. Besides the standard deviation over the splits there is a 95 %
    interval of their mean, from Student's t with splits - 1 degrees of freedom; it does not contain the bias
    of a part of n / splits images, which is downwards. One split has neither.
    """

    splits: PositiveInt = 10
    seed: NonNegativeInt = 2020

    def compute(self, *, real: FeatureSet, fake: FeatureSet) -> Mapping[str, Score]:
        require(real=real, fake=fake, fakes=max(2, self.splits))
        if fake.logits is None:
            what = "the Inception score reads class probabilities, and this extractor has no classes"
            raise EvaluationError(what, hint="--features inception, or digits-cnn, or photos-cnn")
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


def inception_score(logits: Tensor) -> float:
    """exp(H(p(y)) - E H(p(y|x))): logits (N, K) -> a number in [1, K], computed in float64.

    KL(p || q) written with entropies, where a probability that underflows counts 0 and not 0 * log 0.
    """
    p = logits.double().softmax(dim=1)
    entropy: Tensor = torch.special.entr(p.mean(dim=0)).sum() - torch.special.entr(p).sum(dim=1).mean()
    return entropy.exp().item()
