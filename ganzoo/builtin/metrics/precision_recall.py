"""Metrics of nearest neighbours: precision and recall, density and coverage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ganzoo.builtin.metrics.pairwise import pairwise
from ganzoo.builtin.metrics.requirements import require
from ganzoo.contracts import FeatureSet, Metric, Score
from ganzoo.settings.options import PositiveInt


@dataclass(frozen=True)
class PrecisionRecall(Metric):
    """Shares of images inside the other set's manifold. Kynkaanniemi et al. 2019, arXiv:1904.06991, Eq. 1 and 2.

    A set's manifold is the union of balls around its images, each reaching to the image's k-th nearest
    neighbour in the set, k = `neighbours`. Precision: generated images inside the real manifold. Recall: real
    images inside the generated one. Both depend on the number of images; compare equal numbers alone.
    """

    neighbours: PositiveInt = 3

    def compute(self, *, real: FeatureSet, fake: FeatureSet) -> Mapping[str, Score]:
        require(real=real, fake=fake, reals=self.neighbours + 1, fakes=self.neighbours + 1)
        real_radii, fake_radii = (neighbour_distances(each.rows, self.neighbours) for each in (real, fake))
        precise, recalled = [], torch.zeros_like(real_radii, dtype=torch.bool)
        for block, distances in pairwise(fake.rows, real.rows, torch.cdist):  # (B, M)
            precise.append((distances <= real_radii).any(dim=1))  # inside the ball of some real image
            recalled |= (distances <= fake_radii[block, None]).any(dim=0)  # inside that of some generated one
        return {"precision": _share(torch.cat(precise)), "recall": _share(recalled)}


@dataclass(frozen=True)
class DensityCoverage(Metric):
    """Counts of real balls with generated images. Naeem et al. 2020, arXiv:2002.09797, Eq. 3 and 4.

    The ball of a real image reaches to its k-th nearest real neighbour, k = `neighbours`, and is open, as in
    the authors' code. Density: balls around a generated image, divided by k; about 1 for equal distributions,
    and above 1 where images crowd in dense regions. Coverage: balls with a generated image in them.
    """

    neighbours: PositiveInt = 5

    def compute(self, *, real: FeatureSet, fake: FeatureSet) -> Mapping[str, Score]:
        require(real=real, fake=fake, reals=self.neighbours + 1)
        radii = neighbour_distances(real.rows, self.neighbours)
        balls = torch.zeros_like(radii)  # generated images in each real ball
        for _, distances in pairwise(fake.rows, real.rows, torch.cdist):
            balls += (distances < radii).sum(dim=0)
        density = balls.sum().item() / (self.neighbours * len(fake.rows))
        return {"density": Score(density, "higher"), "coverage": _share(balls > 0)}


def neighbour_distances(rows: Tensor, neighbours: int) -> Tensor:
    """Return the distance of each row to its k-th nearest other row: (N, D) -> float64 (N,), k < N.

    An image is its own nearest, at distance 0.
    """
    blocks = pairwise(rows, rows, torch.cdist)
    return torch.cat([distances.kthvalue(neighbours + 1, dim=1).values for _, distances in blocks])


def _share(hits: Tensor) -> Score:
    return Score(hits.double().mean().item(), "higher")
