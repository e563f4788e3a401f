"""How near generated images are to real ones, in units of how near real ones are to each other."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

import ganzoo
from ganzoo_metrics.requirements import require_enough

MOST = 1000.0
"""Realism of an image that is, or nearly is, a real one."""
BLOCK = 512
"""Images whose distances to all others are in memory at once."""


@dataclass(frozen=True)
class Realism(ganzoo.Metric):
    """Median realism of the generated images. Kynkaanniemi et al. 2019, arXiv:1904.06991, Eq. 3.

    R(g) = max over real images r of (distance of r to its k-th nearest real one) / |f(g) - f(r)|, k = `neighbours`

    The half of the real images with the largest distances is left out, as in the paper: lonely ones would lend realism
    to all around them. R >= 1 lies inside the manifold that `prc` counts by. The paper scores single
    images; the median over all of them is chosen here. An image nearer than a 1,000th of the distance counts as 1,000.
    """

    neighbours: ganzoo.PositiveInt = 3

    def require(self, *, real: ganzoo.FeatureSet, fake: ganzoo.FeatureSet) -> None:
        require_enough(real=real, fake=fake, least=self.neighbours + 1)

    def compute(self, *, real: ganzoo.FeatureSet, fake: ganzoo.FeatureSet) -> Mapping[str, ganzoo.Score]:
        self.require(real=real, fake=fake)
        return {"realism": ganzoo.Score(realism(real.rows, fake.rows, self.neighbours).median().item(), "higher")}


def realism(real: Tensor, fake: Tensor, k: int) -> Tensor:
    """Real rows (M, D), fake rows (N, D) -> the realism of each fake, float64 (N,)."""
    centre = real.double().mean(dim=0)  # so that large features lose no digits
    reals, fakes = real.double() - centre, fake.double() - centre
    radii = torch.cat([torch.cdist(part, reals).kthvalue(k + 1, dim=1).values for part in reals.split(BLOCK)])
    kept = radii <= radii.median()
    reals, radii = reals[kept], radii[kept]
    found = list[Tensor]()
    for part in fakes.split(BLOCK):
        distances = torch.cdist(part, reals)
        ratios = torch.where(distances * MOST > radii, radii / distances, MOST)
        found.append(ratios.amax(dim=1))
    return torch.cat(found)
