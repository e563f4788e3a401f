"""Points of the plane whose distribution is known, so that the modes a generator reaches can be counted."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

import torch
from annotated_types import Ge, Gt, Le
from torch import Tensor

from ganzoo.contracts import Dataset, Samples
from ganzoo.settings.options import Seed

Count = Annotated[int, Ge(100), Le(1_000_000)]
"""Number of points."""
ModeWidth = Annotated[float, Gt(0), Le(0.05)]
"""Standard deviation of a mode along each axis: the outer ones are 0.2 from the edge, four of the widest."""

RADIUS = 0.8  # radius of the ring, and half the width of the grid
REACH = 0.9  # distance of the outer end of the roll from its centre


def ring_centres() -> Tensor:
    """Return 8 points on a circle of radius 0.8, anticlockwise from (0.8, 0): float32 (8, 2)."""
    angles = torch.arange(8, dtype=torch.float64) * (2 * math.pi / 8)
    return (RADIUS * torch.stack([angles.cos(), angles.sin()], dim=1)).float()


def grid_centres() -> Tensor:
    """Return {-0.8, -0.4, 0, 0.4, 0.8}^2, the second coordinate changing first: float32 (25, 2)."""
    ticks = torch.tensor([-0.8, -0.4, 0.0, 0.4, 0.8])
    return torch.cartesian_prod(ticks, ticks)


@dataclass(frozen=True)
class Gaussians8(Dataset):
    """8 Gaussians on a ring of radius 0.8: points of the plane, whose class is their mode. Known truth.

    One of the toy sets of Gulrajani et al. 2017 (arXiv:1704.00028, figure 2); the ring in which VEEGAN
    (Srivastava et al. 2017, arXiv:1705.07761, section 4.1) and PacGAN (Lin et al. 2018, arXiv:1712.04086,
    section 4.1) count the modes that a generator captures.

    `count`: points, equally many of each mode to within one. `std`: of each mode along each axis; at most 0.05, so
    that at most one point in 10,000 is clamped to [-1, 1]. `seed`: of the draw; another one is a fresh draw of the
    same truth.
    """

    count: Count = 10_000
    std: ModeWidth = 0.02
    seed: Seed = 0

    default_features: ClassVar[str] = "gaussians8"

    def load(self) -> Samples:
        """Return float32 (count, 2) in [-1, 1], 8 classes."""
        return draw_mixture(ring_centres(), self.count, self.std, self.seed)

    def held_out(self) -> Gaussians8:
        """Return another draw of the same truth."""
        return replace(self, seed=self.seed + 1)


@dataclass(frozen=True)
class Gaussians25(Dataset):
    """25 Gaussians on a 5x5 grid: points of the plane, whose class is their mode. Known truth.

    One of the toy sets of Gulrajani et al. 2017 (arXiv:1704.00028, figure 2); the grid in which VEEGAN
    (Srivastava et al. 2017, arXiv:1705.07761, section 4.1) and PacGAN (Lin et al. 2018, arXiv:1712.04086,
    section 4.1) count the modes that a generator captures.

    `count`: points, equally many of each mode to within one. `std`: of each mode along each axis; at most 0.05, so
    that at most one point in 10,000 is clamped to [-1, 1]. `seed`: of the draw; another one is a fresh draw of the
    same truth.
    """

    count: Count = 10_000
    std: ModeWidth = 0.02
    seed: Seed = 0

    default_features: ClassVar[str] = "gaussians25"

    def load(self) -> Samples:
        """Return float32 (count, 2) in [-1, 1], 25 classes."""
        return draw_mixture(grid_centres(), self.count, self.std, self.seed)

    def held_out(self) -> Gaussians25:
        """Return another draw of the same truth."""
        return replace(self, seed=self.seed + 1)


@dataclass(frozen=True)
class SwissRoll(Dataset):
    """A spiral with noise: points of the plane around one curve, without classes. Known truth.

    One of the toy sets of Gulrajani et al. 2017 (arXiv:1704.00028, figure 2). The curve is that of Tenenbaum et
    al. 2000 (doi:10.1126/science.290.5500.2319): t = 1.5 pi (1 + 2u), u uniform in [0, 1), x = t cos t, y = t sin t;
    scaled so that it reaches 0.9 from the middle.

    `count`: points. `std`: of the noise along each axis; at most 0.025, so that at most one point in 10,000
    is clamped to [-1, 1]. `seed`: of the draw; another one is a fresh draw of the same truth.
    """

    count: Count = 10_000
    std: Annotated[float, Gt(0), Le(0.025)] = 0.01
    seed: Seed = 0

    default_features: ClassVar[str] = "points"

    def load(self) -> Samples:
        """Return float32 (count, 2) in [-1, 1], one class."""
        generator = torch.Generator().manual_seed(self.seed)
        curve = follow_roll(torch.rand(self.count, generator=generator))
        x = curve + self.std * torch.randn(self.count, 2, generator=generator)
        return Samples(x.clamp(-1, 1), torch.zeros(self.count, dtype=torch.int64), ("all",))

    def held_out(self) -> SwissRoll:
        """Return another draw of the same truth."""
        return replace(self, seed=self.seed + 1)


def follow_roll(u: Tensor) -> Tensor:
    """Return points (N, 2) of the roll: u (N,) is 0 at its inner end and 1 at its outer end."""
    t = 1.5 * math.pi * (1 + 2 * u)
    return torch.stack([t.cos(), t.sin()], dim=1) * (t * (REACH / (4.5 * math.pi))).unsqueeze(1)


def draw_mixture(centres: Tensor, count: int, std: float, seed: int) -> Samples:
    """Draw points around centres (K, 2), equally many around each to within one, in random order."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.randperm(count, generator=generator) % len(centres)
    x = centres[y] + std * torch.randn(count, 2, generator=generator)
    names = tuple(f"({round(a, 2) + 0:.2f}, {round(b, 2) + 0:.2f})" for a, b in centres.tolist())  # + 0: no "-0.00"
    return Samples(x.clamp(-1, 1), y, names)
