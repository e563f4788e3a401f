"""The configuration of a search: its space, what all trials share, and how Optuna chooses. No torch here."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from ganzoo.errors import ConfigError
from ganzoo.grid.config import GridConfig
from ganzoo.search.space import Choices, Space
from ganzoo.settings.kinds import Kind
from ganzoo.settings.sections import OBSERVING

SamplerName = Literal["tpe", "random"]
PrunerName = Literal["median", "none"]


@dataclass(frozen=True)
class SearchConfig:
    """A search as it was asked for."""

    space: Space
    grid: GridConfig
    """Axes of a grid: one value of what all trials share, and the ends of what is searched; seeds, budget, settings."""
    trials: int = 20
    metric: str | None = None
    """Score to improve; None for the first distance."""
    sampler: SamplerName = "tpe"
    pruner: PrunerName = "median"
    sampler_seed: int = 0

    def require_one_value(self) -> None:
        """Raise ConfigError for an axis that is not searched, and for lengths or scores that a search cannot have."""
        for key, values in self.grid.axes.items():
            if key not in self.space and len(values) > 1:
                what = f"{key} has several values; all trials share it"
                raise ConfigError(what, hint=f"--tune {key}={','.join(values)}, or one value")
        if self.grid.budget is not None and self.grid.budget.unit == "seconds":
            what = "--budget seconds: a trial that goes on must have the steps that it began with"
            raise ConfigError(what, hint="--budget images=200000, or --budget flops=1e12")
        if {**self.grid.flags, **self.grid.sets}.get("eval.at_end") is False:
            raise ConfigError("a search needs the scores of its trials", hint="leave out --no-scores")

    def spelt(self, known: Mapping[Kind, Collection[str]]) -> SearchConfig:
        """Return the search with its recipes and components by the names under which they are known."""
        grid = self.grid.spelt(known)
        space = {key: Choices(tuple(grid.axes[key])) if isinstance(values, Choices) else values
                 for key, values in self.space.items()}  # fmt: skip
        return replace(self, grid=grid, space=space)

    def of_trial(self, settings: Mapping[str, str]) -> GridConfig:
        """Return the grid of one trial: a single combination over all seeds."""
        axes = {key: [settings[key]] if key in settings else list(values) for key, values in self.grid.axes.items()}
        return replace(self.grid, axes=axes)

    def to_json(self) -> dict[str, Any]:
        """Return what must be the same for a search that goes on, as plain values."""
        fixed = {key: list(values) for key, values in self.grid.axes.items() if key not in self.space}
        return {
            "space": {key: str(values) for key, values in self.space.items()},
            "fixed": fixed,
            "seeds": list(self.grid.seeds),
            "sampler": self.sampler,
            "sampler_seed": self.sampler_seed,
            "pruner": self.pruner,
        }


def default_folder(search: SearchConfig) -> Path:
    """Return the folder of a search that is told none: the same request finds its own again."""
    shared = {**search.grid.flags, **search.grid.sets}
    shared = {key: value for key, value in shared.items() if not key.startswith(OBSERVING)}
    text = repr((search.to_json(), sorted(shared.items()), search.grid.budget, search.grid.evals))
    return Path("runs") / f"tune-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
