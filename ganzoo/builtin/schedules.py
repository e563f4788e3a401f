"""Schedules: curves by which learning rates move to their ends."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ganzoo.contracts import Schedule
from ganzoo.hookspecs import hookimpl


@dataclass(frozen=True)
class Constant(Schedule):
    """Leave rates, beta2 and the penalty as they are; nobody's invention."""

    def left(self, done: float) -> float:
        """Return 1."""
        return 1.0


@dataclass(frozen=True)
class Linear(Schedule):
    """Move to the ends along a line, as WGAN-GP does. Gulrajani et al. 2017, arXiv:1704.00028, Appendix F."""

    def left(self, done: float) -> float:
        """Return 1 - done."""
        return 1 - done


@dataclass(frozen=True)
class Cosine(Schedule):
    """Move to the ends along half a period of a cosine. Loshchilov and Hutter 2017, arXiv:1608.03983, Eq. 5."""

    def left(self, done: float) -> float:
        """Return (1 + cos(pi done)) / 2."""
        return (1 + math.cos(math.pi * done)) / 2


@hookimpl
def register_schedules() -> dict[str, type[Schedule]]:
    """Return the schedules that ship."""
    return {"none": Constant, "linear": Linear, "cosine": Cosine}
