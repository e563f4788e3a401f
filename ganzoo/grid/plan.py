"""Axes become cells: a run for each combination and seed, settled as `ganzoo run` would, or refused with the reason."""

from __future__ import annotations

import hashlib
import itertools
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ganzoo.errors import ConfigError, GanzooError
from ganzoo.grid.config import GridConfig
from ganzoo.settings.kinds import KINDS
from ganzoo.settings.sections import RunConfig
from ganzoo.settings.toml import flatten, parse_assignment, parse_component, to_tables, to_toml
from ganzoo.training.dry_run import DryRun
from ganzoo.zoo import choices
from ganzoo.zoo.catalogue import Zoo
from ganzoo.zoo.recipes import find_recipe, settle


@dataclass(frozen=True)
class PlannedCell:
    """One cell before it runs."""

    name: str
    axes: Mapping[str, Any]
    seed: int
    arguments: tuple[str, ...] = ()
    """Arguments of `ganzoo run`, but for --out."""
    run: RunConfig | None = None
    refused: str = ""
    """Reason why the settings cannot be combined; empty if they can."""
    dry_run: DryRun | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the cell as grid.json holds it."""
        settings = flatten(to_tables(self.run)) if self.run else dict(self.axes) | {"train.seed": self.seed}
        return {"axes": dict(self.axes), "seed": self.seed, "settings": settings, "refused": self.refused}


DryRunner = Callable[[RunConfig], DryRun]
"""A function that tries one step of a run."""


def plan(
    config: GridConfig, zoo: Zoo, try_run: DryRunner | None = None, known: Mapping[str, int] | None = None
) -> list[PlannedCell]:
    """Return the cells, first every combination of the first seed. A refused combination is a cell with its reason.

    `try_run` tries a step of each combination, which a budget in seconds or FLOPs needs; `known` holds the steps of
    combinations whose budget was measured before, by their names. Raises ConfigError for an unknown component, recipe
    or setting, since that is a slip and not a result; and if every combination is refused.
    """
    cells = plan_all(config, zoo, try_run, known)
    if all(cell.refused for cell in cells):
        raise ConfigError(f"every combination is refused; the first: {cells[0].refused}", hint="ganzoo list")
    return cells


def plan_all(
    config: GridConfig, zoo: Zoo, try_run: DryRunner | None = None, known: Mapping[str, int] | None = None
) -> list[PlannedCell]:
    """Return the cells as `plan` does, even if every combination is refused."""
    combinations = [_Combination.make(config, values) for values in itertools.product(*config.axes.values())]
    for combination in combinations:
        combination.check_names(zoo)
    name, count = Counter(combination.name for combination in combinations).most_common(1)[0]
    if count > 1:
        raise ConfigError(f"{name} is there twice: two values of an axis mean the same", hint="each value once")
    settled = [combination.settle(config, zoo, try_run, known or {}) for combination in combinations]
    return [combination.cell(seed) for seed in config.seeds for combination in settled]


@dataclass(frozen=True)
class _Combination:
    """One value of each axis, for all seeds: a row of the table."""

    axes: Mapping[str, str]
    flags: Mapping[str, Any]
    sets: Mapping[str, Any]
    recipe: str = ""
    run: RunConfig | None = None
    refused: str = ""
    dry_run: DryRun | None = None

    @staticmethod
    def make(config: GridConfig, values: Sequence[str]) -> _Combination:
        axes = dict(zip(config.axes, values, strict=True))
        flags, sets = dict(config.flags), dict(config.sets)
        for kind in KINDS:
            if kind in axes:
                flags |= parse_component(kind, axes[kind])
        for key, value in axes.items():
            if "." in key:
                sets.update([parse_assignment(f"{key}={value}")])
        return _Combination(axes, flags, sets, axes.get("recipe", ""))

    def check_names(self, zoo: Zoo) -> None:
        """Raise ConfigError if the combination names an unknown recipe or component."""
        settings = settle(recipe=find_recipe(self.recipe) if self.recipe else None, flags=self.flags)
        for kind in KINDS:
            for part in settings.run.choice(kind).parts():
                if part.name != "auto":
                    zoo.entry(kind, part.name)

    def settle(self, config: GridConfig, zoo: Zoo, try_run: DryRunner | None, known: Mapping[str, int]) -> _Combination:
        """Return the combination with its settings and its steps, or with the reason why it is refused."""
        try:
            run = self._read(zoo)
            dry_run = _try(try_run, run) if try_run and self.name not in known else None
            steps = known.get(self.name) or _count_steps(config, run, dry_run)
            sets = dict(self.sets) | self._schedule(config, run, steps)
            settled = replace(self, dry_run=dry_run, sets=sets)
            return replace(settled, run=settled._read(zoo))
        except GanzooError as error:
            return replace(self, refused=error.what)

    def _read(self, zoo: Zoo) -> RunConfig:
        recipe = find_recipe(self.recipe) if self.recipe else None
        return choices.complete(settle(recipe=recipe, flags=self.flags, sets=self.sets), zoo).run

    def _schedule(self, config: GridConfig, run: RunConfig, steps: int) -> dict[str, Any]:
        """Return settings for the length of a run and the steps between its scores; what was asked for stays."""
        settings: dict[str, Any] = {"train.steps": steps} if config.budget else {}
        every = math.ceil(steps / config.evals) if config.evals else 0
        if every and run.eval.at_end and not run.eval.every:
            settings["eval.every"] = every
        if every and "train.sample_every" not in {**self.flags, **self.sets}:
            settings["train.sample_every"] = every
        return settings

    def cell(self, seed: int) -> PlannedCell:
        """Return the cell of one seed."""
        run = self.run and replace(self.run, train=replace(self.run.train, seed=seed))
        return PlannedCell(
            name=f"{self.name}-s{seed}",
            axes={f"{key}.name" if key in KINDS else key: _value(key, text) for key, text in self.axes.items()},
            seed=seed,
            arguments=() if self.refused else tuple(self._arguments(seed)),
            run=run,
            refused=self.refused,
            dry_run=self.dry_run,
        )

    @property
    def name(self) -> str:
        """The values of the axes, joined so that they can name files."""
        return "-".join(_word(key, value) for key, value in self.axes.items())

    def _arguments(self, seed: int) -> Iterator[str]:
        """Yield the words of `ganzoo run` that give these settings."""
        if self.recipe:
            yield self.recipe
        flags = dict(self.flags)
        for kind in KINDS:
            if (name := flags.pop(f"{kind}.name", None)) is not None:
                path = flags.pop(f"{kind}.path", None)
                yield from (f"--{kind}", name if path is None else f"{name}:{path}")
        for key, value in flatten(flags | dict(self.sets)).items():
            yield from ("--set", f"{key}={to_toml(value)}")
        yield from ("--seed", str(seed))


def _count_steps(config: GridConfig, run: RunConfig, dry_run: DryRun | None) -> int:
    return config.budget.steps(run, dry_run) if config.budget else run.train.steps


def _try(try_run: DryRunner, run: RunConfig) -> DryRun:
    """Try one step of a run. Raises ConfigError for any error of a component, so that only its own row is refused."""
    try:
        return try_run(run)
    except GanzooError:
        raise
    except Exception as error:
        raise ConfigError(f"a step fails: {type(error).__name__}: {error}") from error


def _value(key: str, text: str) -> Any:
    """Return the value of an axis: a setting is read, "1e-4" as 0.0001; a list or a table stays text."""
    value = parse_assignment(f"{key}={text}")[1] if "." in key else text
    return value if isinstance(value, str | int | float | bool) else text


def _word(key: str, text: str) -> str:
    """Return a value as part of a file name, with a hash if letters are lost, so that no two values share a name."""
    value = str(_value(key, text))
    whole = value if "." not in key else f"{key.rpartition('.')[2]}={value}"
    word = re.sub(r"[^A-Za-z0-9._+=-]", "-", whole)[-40:].strip("-")
    return word if word == whole else f"{word}-{hashlib.sha256(whole.encode()).hexdigest()[:6]}"
