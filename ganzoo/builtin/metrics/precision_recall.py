"""Metrics of nearest neighbours: precision and recall, density and coverage."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from ganzoo.builtin.metrics.requirements import require_enough, require_finite
from ganzoo.contracts import FeatureSet, Metric, Score
from ganzoo.data.comparison import Neighbourhoods, compare
from ganzoo.data.copies import count_copies
from ganzoo.settings.options import PositiveInt

_LOW_CEILING = 0.9
"""Coverage of a perfect generator below which the counts alone make it low; equal counts have 0.97 with k = 5."""


@dataclass(frozen=True)
class PrecisionRecall(Metric):
    """Shares of images inside the other set's manifold. Kynkaanniemi et al. 2019, arXiv:1904.06991, Eq. 1 and 2.

    A set's manifold is the union of balls around its images, each reaching to the image's k-th nearest
    neighbour in the set, k = `neighbours`; the balls are closed (Eq. 1: <=). Precision: generated images inside the
    real manifold. Recall: real images inside the generated one. Both depend on the number of images; compare equal
    numbers alone. The ball of an image that stands in its set k + 1 times or more has radius 0, and holds copies alone.
    """

    neighbours: PositiveInt = 3

    @property
    def neighbourhoods(self) -> Neighbourhoods:
        return Neighbourhoods(covered=self.neighbours)

    def require(self, *, real: FeatureSet, fake: FeatureSet) -> None:
        require_enough(real=real, fake=fake, reals=self.neighbours + 1, fakes=self.neighbours + 1)

    def compute(self, *, real: FeatureSet, fake: FeatureSet) -> Mapping[str, Score]:
        self.require(real=real, fake=fake)
        require_finite(real=real, fake=fake)
        precise, recalled = compare(real, fake, self.neighbourhoods).covered(self.neighbours)
        return {"precision": _share(precise), "recall": _share(recalled)}

    def warn(self, *, real: FeatureSet, fake: FeatureSet) -> Sequence[str]:
        precision = warn_of_copies("reference", real.rows, self.neighbours, "precision")
        return (*precision, *warn_of_copies("generated", fake.rows, self.neighbours, "recall"))


@dataclass(frozen=True)
class DensityCoverage(Metric):
    """Counts of real balls with generated images. Naeem et al. 2020, arXiv:2002.09797, Eq. 3 and 4.

    The ball of a real image reaches to its k-th nearest real neighbour, k = `neighbours`. Density: balls around a
    generated image, divided by k; about 1 for equal distributions, and above 1 where images crowd in dense regions.
    Coverage: balls with a generated image in them; for a perfect generator `ceiling`, which the two counts decide.

    The paper does not say whether the edge of a ball belongs to it. Here it does not, as in the authors' code, so that
    the density of a set in itself is 1; but the centre always does. So the ball of an image that stands in the
    reference k + 1 times or more, whose radius is 0, holds copies of that image; in the authors' code it is empty.
    """

    neighbours: PositiveInt = 5

    @property
    def neighbourhoods(self) -> Neighbourhoods:
        return Neighbourhoods(counted=self.neighbours)

    def require(self, *, real: FeatureSet, fake: FeatureSet) -> None:
        require_enough(real=real, fake=fake, reals=self.neighbours + 1)

    def compute(self, *, real: FeatureSet, fake: FeatureSet) -> Mapping[str, Score]:
        self.require(real=real, fake=fake)
        require_finite(real=real, fake=fake)
        balls = compare(real, fake, self.neighbourhoods).counted(self.neighbours)  # generated images in each real ball
        density = balls.sum().item() / (self.neighbours * len(fake.rows))
        return {"density": Score(density, "higher"), "coverage": _share(balls > 0)}

    def ceiling(self, real: int, fake: int) -> float:
        """Return the coverage that a perfect generator has on average, by the numbers of images.

        A ball is empty if the k nearest of all other images are real: the product of (M - i) / (M - i + N) for i = 1 to
        k, with M real and N generated images.
        """
        return 1 - math.prod((real - i) / (real - i + fake) for i in range(1, self.neighbours + 1))

    def warn(self, *, real: FeatureSet, fake: FeatureSet) -> Sequence[str]:
        copies = warn_of_copies("reference", real.rows, self.neighbours, "density and coverage")
        if (ceiling := self.ceiling(len(real.rows), len(fake.rows))) >= _LOW_CEILING:
            return copies
        counts = f"{len(fake.rows):,} generated and {len(real.rows):,} reference images"
        return (*copies, f"coverage of a perfect generator would be {ceiling:.3f} with {counts}, and not 1")


def warn_of_copies(whose: str, rows: Tensor, neighbours: int, scores: str) -> Sequence[str]:
    """Return a warning about images that stand in a set (N, D) so often that their k-th neighbours are copies."""
    if repeated := int((count_copies(rows) > neighbours).sum()):
        often = f"{repeated:,} of {len(rows):,} {whose} images stand in their set {neighbours + 1} times or more"
        return [f"{often}: for {scores}, what is near to them is their copies alone"]
    return ()


def _share(hits: Tensor) -> Score:
    return Score(hits.double().mean().item(), "higher")
