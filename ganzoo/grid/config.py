"""The configuration of a grid: axes, seeds and a budget. No torch here, so that a slip is refused at once."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

from ganzoo.errors import ConfigError
from ganzoo.settings.options import shorten
from ganzoo.settings.sections import RunConfig

if TYPE_CHECKING:
    from ganzoo.training.dry_run import DryRun

Unit = Literal["steps", "images", "seconds", "flops"]
UNITS: tuple[Unit, ...] = get_args(Unit)


@dataclass(frozen=True)
class Budget:
    """The cost that every run may have, so that all rows of a table cost the same."""

    unit: Unit
    amount: float

    @property
    def is_measured(self) -> bool:
        """True if a step has to be tried to know how many steps the budget pays for."""
        return self.unit in ("seconds", "flops")

    def steps(self, run: RunConfig, dry_run: DryRun | None) -> int:
        """Return the number of steps that the budget pays for, at least one. Raises ConfigError if a step is free."""
        if self.unit == "steps":
            price = 1.0
        elif self.unit == "images":
            price = run.optim.n_critic * run.optim.batch_size
        else:
            assert dry_run is not None  # by `is_measured`
            price = dry_run.seconds_per_step if self.unit == "seconds" else dry_run.flops_per_step
        if not price:
            raise ConfigError(
                "a step has no FLOPs that torch counts",
                hint="--budget steps=N, or --budget images=N, or --budget seconds=N",
            )
        return max(1, math.floor(min(self.amount / price, sys.maxsize)))  # beyond what train.steps may be


def parse_budget(text: str) -> Budget:
    """Parse "images=2e5" as Budget("images", 200000.0). Raises ConfigError."""
    unit, _, amount = text.partition("=")
    try:
        number = float(amount)
    except ValueError:
        number = math.nan
    if unit not in UNITS or not 0 < number < math.inf:
        hint = "--budget images=200000 (also steps= seconds= flops=)"
        raise ConfigError(f"--budget {shorten(text)} is not a unit and an amount above 0", hint=hint)
    return Budget(unit, number)


@dataclass(frozen=True)
class GridConfig:
    """A grid as it was asked for: every combination of the axes' values, over every seed."""

    axes: Mapping[str, Sequence[str]]
    """"recipe", a kind, or "section.option" -> values as they are written on the command line."""
    seeds: Sequence[int] = (0,)
    flags: Mapping[str, Any] = field(default_factory=dict)
    """"section.option" -> value, the same for all cells."""
    sets: Mapping[str, Any] = field(default_factory=dict)
    """Settings by --set, the same for all cells."""
    budget: Budget | None = None
    evals: int = 0
    """Scores and sample grids of a run before its end, at equal distances; 0 leaves them to the settings."""
