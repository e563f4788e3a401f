"""Wasserstein-1 between two sets of samples, exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import torch
from annotated_types import Ge, Le
from torch import Tensor

from ganzoo.builtin.metrics.requirements import require_enough, require_finite
from ganzoo.contracts import FeatureSet, Metric, Score
from ganzoo.data.transport import wasserstein1
from ganzoo.settings.options import Seed


@dataclass(frozen=True)
class Wasserstein1(Metric):
    """Earth mover's distance between equally many samples. Arjovsky et al. 2017, arXiv:1701.07875, section 2.

    min E |x - s(x)| over all ways s to assign each generated sample a real one, |.| Euclidean in the features:
    the exact Wasserstein-1 of the two sets, by the assignment that SciPy finds (Crouse 2016,
    doi:10.1109/TAES.2016.140952). It takes the same number of both, at most `limit`, drawn from each set by `seed`.

    A fresh draw of the truth does not give 0: of n samples of the plane about sqrt(ln(n) / n) times its extent.
    Compare equal numbers alone.
    """

    limit: Annotated[int, Ge(2), Le(10_000)] = 2000
    seed: Seed = 0

    def require(self, *, real: FeatureSet, fake: FeatureSet) -> None:
        require_enough(real=real, fake=fake)

    def compute(self, *, real: FeatureSet, fake: FeatureSet) -> Mapping[str, Score]:
        self.require(real=real, fake=fake)
        require_finite(real=real, fake=fake)
        count = min(len(real.rows), len(fake.rows), self.limit)
        distance = wasserstein1(self.draw(real.rows, count), self.draw(fake.rows, count))
        return {"W1": Score(distance, "lower")}

    def draw(self, rows: Tensor, count: int) -> Tensor:
        """Return `count` of the rows (R, D): all of them, or random ones, since a dataset may be sorted by class."""
        order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(self.seed))[:count]
        return rows[order.to(rows.device)]
