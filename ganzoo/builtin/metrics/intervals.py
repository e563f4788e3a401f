"""95 % intervals from standard errors."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from ganzoo.contracts import Score

NORMAL = 1.959964
"""97.5 % quantile of the normal distribution."""


def student_quantile(freedom: int) -> float:
    """97.5 % quantile of Student's t with `freedom` >= 1 degrees of freedom.

    With t = sqrt(freedom) tan(a) the density of the angle a is proportional to cos(a)^(freedom - 1), smooth
    on a bounded range: trapezoids give its integral to 8 digits.
    """
    angle = np.linspace(0, math.pi / 2, 20_001)
    density = np.cos(angle) ** (freedom - 1)
    mass = np.concatenate([[0.0], np.cumsum(density[1:] + density[:-1])])  # of [-angle, angle], not normalised
    return math.sqrt(freedom) * math.tan(np.interp(0.95 * mass[-1], mass, angle))


def with_error(
    value: float,
    error: float,
    better: Literal["lower", "higher"],
    *,
    quantile: float = NORMAL,
    floor: float = -math.inf,
    std: float | None = None,
) -> Score:
    """Return a score whose 95 % interval is value +- quantile * error, its standard error, cut at `floor`."""
    return Score(value, better, max(floor, value - quantile * error), value + quantile * error, std)
