"""The configuration of a grid: axes, seeds and a budget. No torch here, so that a slip is refused at once."""

from __future__ import annotations

import hashlib
import math
import re
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from ganzoo.errors import ConfigError
from ganzoo.settings.kinds import Kind
from ganzoo.settings.numbers import read_whole
from ganzoo.settings.options import shorten
from ganzoo.settings.sections import OBSERVING, RunConfig
from ganzoo.zoo.names import spell_names
from ganzoo.zoo.recipes import find_recipe

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
        number = float(whole if (whole := read_whole(amount)) is not None else amount)
    except ValueError:
        number = math.nan
    if unit not in UNITS or not 0 < number < math.inf:
        meant = re.fullmatch(rf"({'|'.join(UNITS)})[: ]*([1-9]\d*)", text)
        hint = f"--budget {meant[1]}={meant[2]}" if meant else "--budget images=200000 (also steps= seconds= flops=)"
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

    def spelt(self, known: Mapping[Kind, Collection[str]]) -> GridConfig:
        """Return the grid with its recipes and components by the names under which they are known."""
        axes = {key: [_spell(key, text, known) for text in values] for key, values in self.axes.items()}
        flags, sets = spell_names(self.flags, known), spell_names(self.sets, known)
        return replace(self, axes=axes, flags=flags, sets=sets)


def _spell(axis: str, text: str, known: Mapping[Kind, Collection[str]]) -> str:
    """Return a value of an axis: a name as it is known, or anything else as it is."""
    if axis == "recipe":
        return text if text.endswith(".toml") else find_recipe(text).name
    if axis not in known:
        spelt = spell_names({axis: text}, known)
        return str(next(iter(spelt.values())))
    kind = cast("Kind", axis)
    name, colon, path = text.partition(":")
    spelt = spell_names({f"{kind}.name": name} | ({f"{kind}.path": path} if colon else {}), known)
    path = spelt.get(f"{kind}.path", "")
    return f"{spelt[f'{kind}.name']}:{path}" if path else str(spelt[f"{kind}.name"])


def _unobserved(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if not key.startswith(OBSERVING)}


def default_folder(config: GridConfig) -> Path:
    """Return the folder of a grid that is told none: the same request finds its own again, whoever observes it."""
    config = replace(config, flags=_unobserved(config.flags), sets=_unobserved(config.sets))
    text = repr(config).replace(type(config).__name__, "Request", 1)  # the hash of every folder begins with this word
    return Path("runs") / f"grid-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
