"""Modes: how many of the known classes or clusters a generator reaches, how evenly, and how precisely."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ganzoo.builtin.metrics.requirements import require_enough, require_finite
from ganzoo.contracts import MODE_RADIUS, FeatureSet, Metric, Score
from ganzoo.errors import EvaluationError


def divergence(fake: Tensor, real: Tensor) -> float:
    """KL(p || q) >= 0 in nats, p and q the shares by counts (K,); a class without reals counts as half of one."""
    counts = real.double().clamp(min=0.5)
    p, q = fake.double() / fake.sum(), counts / counts.sum()
    return max(0.0, torch.where(p > 0, p * (p / q).log(), 0).sum().item())


@dataclass(frozen=True)
class Modes(Metric):
    """Modes reached, evenness and quality. Srivastava et al. 2017, arXiv:1705.07761; Lin et al. 2018, arXiv:1712.04086.

    A sample belongs to the class that the extractor finds likeliest. modes: classes with a generated sample; where
    the extractor knows how wide a mode is, with one within 3 deviations of it. KL-modes: KL(p || q) in nats, p and q
    the shares of the classes among generated and real samples; 0 for equal shares, ln 2 for every second mode of
    many alike. high-quality: the share of generated samples within 3 deviations of a mode, only where that is known.

    Both of the first two depend on the number of samples n: K classes cannot be reached by fewer than K samples,
    and KL-modes of the truth itself is about (K - 1) / 2n. A class without real samples counts as half of one, so
    that KL-modes is finite.
    """

    def require(self, *, real: FeatureSet, fake: FeatureSet) -> None:
        require_enough(real=real, fake=fake)
        if real.logits is None or fake.logits is None:
            what = "modes are counted by classes, and this extractor has none"
            raise EvaluationError(
                what,
                hint="--features digits-cnn, or --features gaussians8 (or gaussians25: as the dataset)",
            )
        if real.deviations is not None and fake.deviations is not None:
            require_true_width(real.deviations, real.rows.shape[1])

    def compute(self, *, real: FeatureSet, fake: FeatureSet) -> Mapping[str, Score]:
        self.require(real=real, fake=fake)
        require_finite(real=real, fake=fake)
        assert real.logits is not None and fake.logits is not None  # see require
        classes, modes = fake.logits.shape[1], fake.logits.argmax(dim=1)
        near = torch.ones_like(modes, dtype=torch.bool)
        quality = dict[str, Score]()
        if real.deviations is not None and fake.deviations is not None:
            near = fake.deviations <= MODE_RADIUS
            quality = {"high-quality": Score(near.double().mean().item(), "higher")}
        reached = float((modes[near].bincount(minlength=classes) > 0).sum().item())
        kl = divergence(modes.bincount(minlength=classes), real.logits.argmax(dim=1).bincount(minlength=classes))
        return {"modes": Score(reached, "higher"), "KL-modes": Score(kl, "lower"), **quality}


def require_true_width(deviations: Tensor, dimensions: int) -> None:
    """Raise EvaluationError unless the deviations (N,) of the reals are those of Gaussians of D dimensions.

    Their root mean square is then sqrt(D), to about 1 / (2 sqrt(N)) of it.
    """
    found = deviations.double().square().mean().sqrt().item() / dimensions**0.5
    if abs(found - 1) > 0.1 + 2 / len(deviations) ** 0.5:
        what = f"the modes of the reference are {found:.2f} times as wide as the extractor takes them for"
        raise EvaluationError(what, hint="--set features.std=S (that of the dataset)")
