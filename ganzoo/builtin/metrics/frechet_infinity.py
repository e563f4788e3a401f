"""Frechet distance extrapolated to infinitely many generated images."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, NamedTuple

import torch
from annotated_types import Ge, Gt, Le, Lt
from torch import Tensor

from ganzoo.builtin.metrics.frechet import FrechetDistance, frechet_distance
from ganzoo.builtin.metrics.frechet_interval import BLOCK, influence
from ganzoo.builtin.metrics.intervals import with_error
from ganzoo.builtin.metrics.requirements import require_enough, require_finite
from ganzoo.contracts import FeatureSet, Metric, Score
from ganzoo.errors import EvaluationError
from ganzoo.settings.options import Seed


@dataclass(frozen=True)
class FrechetDistanceInfinity(Metric):
    """Frechet distance without the bias of a finite n. Chong and Forsyth 2020, arXiv:1911.07023, section 4.

    The distance of n generated images is too large by about a constant / n. So it is computed for `points`
    random subsets of the generated images, of sizes evenly spaced from `smallest_share` of them to all, and a
    least-squares line in 1/n is read at 1/n = 0. The value may be a little below 0.

    The 95 % interval contains the draw of the generated images and of the subsets. The reference is held
    fixed, and keeps its own bias.
    """

    needs_images: ClassVar[bool] = False

    points: Annotated[int, Ge(3), Le(1000)] = 15
    smallest_share: Annotated[float, Gt(0), Lt(1)] = 0.25
    seed: Seed = 0

    def prepare(self, real: FeatureSet) -> FeatureSet:
        """Return the features with the square root of their covariance."""
        return FrechetDistance().prepare(real)

    def require(self, *, real: FeatureSet, fake: FeatureSet) -> None:
        require_enough(real=real, fake=fake, moments=True)
        self.sizes(fake)

    def compute(self, *, real: FeatureSet, fake: FeatureSet) -> Mapping[str, Score]:
        self.require(real=real, fake=fake)
        require_finite(real=real, fake=fake)
        sizes = self.sizes(fake)
        subsets = self.draw(sizes, len(fake.rows), fake.rows.device)
        real = self.prepare(real)
        distances = [frechet_distance(real, summarise(fake.rows[rows])) for rows in subsets]
        effects = influence(real, fake)
        line = fit_line(1 / sizes.double())
        value, error = extrapolate(line, torch.tensor(distances, dtype=torch.float64), subsets, effects)
        return {"FD-infinity": with_error(value, error, "lower")}

    def sizes(self, fake: FeatureSet) -> Tensor:
        """Return the sizes of the subsets: int64 (points,). Raises EvaluationError if they make no line.

        The bias is near to a constant / n only where n is a few times the number of features; the authors'
        smallest subset has 2.4 times as many.
        """
        count, least = len(fake.rows), 2 * len(fake.mean)
        sizes = torch.linspace(self.smallest_share * count, count, self.points, dtype=torch.float64).round().long()
        if sizes[0] < least or (sizes.diff() == 0).any():
            needed = math.ceil(max(least / self.smallest_share, self.points / (1 - self.smallest_share)))
            what = f"{count} generated images are too few to extrapolate a distance of {len(fake.mean)} features"
            raise EvaluationError(what, hint=f"--samples {needed}, or --metrics fid")
        return sizes

    def draw(self, sizes: Tensor, count: int, device: torch.device) -> list[Tensor]:
        """Return the rows of each subset, drawn without replacement: the same on every device."""
        generator = torch.Generator().manual_seed(self.seed)
        return [torch.randperm(count, generator=generator)[:size].to(device) for size in sizes.tolist()]


class Line(NamedTuple):
    """The least-squares line over fixed points x (K,)."""

    intercept: Tensor
    """Weights (K,) of sum 1: the intercept of the line through (x, y) is intercept.y."""
    residual: Tensor
    """Matrix (K, K): residual @ y are the residuals of the line."""


def fit_line(x: Tensor) -> Line:
    """Return the least-squares line over x (K,), K >= 3, positive."""
    design = torch.stack([torch.ones_like(x), x / x.max()], dim=1)
    solve = torch.linalg.pinv(design)
    return Line(solve[0], torch.eye(len(x), dtype=x.dtype) - design @ solve)


def extrapolate(line: Line, distances: Tensor, subsets: list[Tensor], effects: Tensor) -> tuple[float, float]:
    """Return the intercept of the distances (K,) and its standard error.

    To first order the distance of a subset moves with the mean influence, `effects` (R,), of its images; so
    the intercept moves with their mean by the weights `shares`. What remains of a distance, less the line,
    is noise of the subset alone. A regression's own error knows only the second part: it takes the points
    for independent, and they share most of their images.
    """
    means = torch.stack([effects[rows].mean() for rows in subsets]).cpu()
    noise = line.residual @ (distances - means) * (len(distances) / (len(distances) - 2)) ** 0.5
    shared = float(effects.std()) * float(shares(line.intercept, subsets, len(effects)).norm())
    return float(line.intercept @ distances), math.hypot(shared, float((line.intercept * noise).norm()))


def shares(intercept: Tensor, subsets: list[Tensor], count: int) -> Tensor:
    """Return the weight of each generated image in the intercept: float64 (count,), their sum is 1."""
    total = torch.zeros(count, dtype=torch.float64)
    for weight, rows in zip(intercept, subsets, strict=True):
        total[rows.cpu()] += weight / len(rows)
    return total


def summarise(rows: Tensor) -> FeatureSet:
    """Return mean and covariance of some rows (R, D), R >= 2."""
    mean = rows.mean(dim=0, dtype=torch.float64)
    covariance = torch.zeros(len(mean), len(mean), dtype=torch.float64, device=rows.device)
    for block in torch.split(rows, BLOCK):
        centred = block.double() - mean
        covariance.addmm_(centred.T, centred)
    return FeatureSet(len(rows), mean, covariance / (len(rows) - 1), rows)
