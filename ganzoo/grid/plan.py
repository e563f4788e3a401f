"""Axes become cells: a run for each combination and seed, settled as `ganzoo run` would, or refused with the reason."""

from __future__ import annotations

import hashlib
import itertools
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from ganzoo.errors import ConfigError, GanzooError
from ganzoo.settings.kinds import KINDS
from ganzoo.settings.sections import RunConfig
from ganzoo.settings.toml import flatten, parse_assignment, parse_component, to_tables, to_toml
from ganzoo.training.dry_run import Rehearsal
from ganzoo.zoo import choices
from ganzoo.zoo.catalogue import Zoo
from ganzoo.zoo.recipes import find_recipe, settle

Unit = Literal["steps", "images", "seconds", "flops"]
UNITS: tuple[Unit, ...] = get_args(Unit)
ALWAYS = ("model", "loss", "lipschitz")
"""Axes of every grid without a recipe, however many values they have: they make up the names of its cells."""


@dataclass(frozen=True)
class Budget:
    """What every run may cost, so that rows are equal in it."""

    unit: Unit
    amount: float

    @property
    def is_measured(self) -> bool:
        """Whether a step has to be tried to know how many there may be."""
        return self.unit in ("seconds", "flops")

    def steps(self, run: RunConfig, rehearsal: Rehearsal | None) -> int:
        """Return the number of steps that the budget pays for, at least one. Raises ConfigError if a step is free."""
        if self.unit == "steps":
            price = 1.0
        elif self.unit == "images":
            price = run.optim.n_critic * run.optim.batch_size
        else:
            assert rehearsal is not None  # by `is_measured`
            price = rehearsal.seconds_per_step if self.unit == "seconds" else rehearsal.flops_per_step
        if not price:
            raise ConfigError("a step has no FLOPs that torch counts", hint="--budget seconds=, images= or steps=")
        return max(1, math.floor(self.amount / price))


@dataclass(frozen=True)
class Request:
    """What was asked for."""

    axes: Mapping[str, Sequence[str]]
    """"recipe", a kind, or "section.option" -> values as they are written on the command line."""
    seeds: Sequence[int] = (0,)
    flags: Mapping[str, Any] = field(default_factory=dict)
    """"section.option" -> value, the same for all."""
    sets: Mapping[str, Any] = field(default_factory=dict)
    """What --set says, the same for all."""
    budget: Budget | None = None
    evals: int = 0
    """How often a run is scored and drawn on its way, at equal distances; 0 means as the settings say."""


@dataclass(frozen=True)
class PlannedCell:
    """One cell before it runs."""

    name: str
    axes: Mapping[str, Any]
    seed: int
    arguments: tuple[str, ...] = ()
    """Of `ganzoo run`, but for --out."""
    run: RunConfig | None = None
    refused: str = ""
    """Why it cannot be; empty if it can."""
    rehearsal: Rehearsal | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what the grid's file says of it."""
        settings = flatten(to_tables(self.run)) if self.run else dict(self.axes) | {"train.seed": self.seed}
        return {"axes": dict(self.axes), "seed": self.seed, "settings": settings, "refused": self.refused}


Rehearse = Callable[[RunConfig], Rehearsal]


def plan(
    request: Request, zoo: Zoo, rehearse: Rehearse | None = None, known: Mapping[str, int] | None = None
) -> list[PlannedCell]:
    """Return the cells, all rows of the first seed first. A combination that is refused is a cell with its reason.

    `rehearse` tries a step of each row, which a budget in seconds or FLOPs needs; `known` has the steps of rows whose
    budget was measured before, by the name of a row. Raises ConfigError for a component, a recipe or a setting that
    nothing knows, since that is a slip and not a result; and where every combination is refused.
    """
    rows = [_Row.make(request, values) for values in itertools.product(*request.axes.values())]
    for row in rows:
        row.check_names(zoo)
    if twice := [name for name, count in Counter(row.name for row in rows).items() if count > 1]:
        raise ConfigError(f"{twice[0]} is there twice: two values of an axis mean the same", hint="each value once")
    settled = [row.settle(request, zoo, rehearse, known or {}) for row in rows]
    if all(row.refused for row in settled):
        raise ConfigError(f"every combination is refused; the first: {settled[0].refused}", hint="ganzoo list")
    return [row.cell(seed) for seed in request.seeds for row in settled]


@dataclass(frozen=True)
class _Row:
    """One combination, over all seeds."""

    axes: Mapping[str, str]
    flags: Mapping[str, Any]
    sets: Mapping[str, Any]
    recipe: str = ""
    run: RunConfig | None = None
    refused: str = ""
    rehearsal: Rehearsal | None = None

    @staticmethod
    def make(request: Request, values: Sequence[str]) -> _Row:
        axes = dict(zip(request.axes, values, strict=True))
        flags, sets = dict(request.flags), dict(request.sets)
        for kind in KINDS:
            if kind in axes:
                flags |= parse_component(kind, axes[kind])
        for key, value in axes.items():
            if "." in key:
                sets.update([parse_assignment(f"{key}={value}")])
        return _Row(axes, flags, sets, axes.get("recipe", ""))

    def check_names(self, zoo: Zoo) -> None:
        """Raise ConfigError if the row names what nobody knows."""
        settings = settle(recipe=find_recipe(self.recipe) if self.recipe else None, flags=self.flags)
        for kind in KINDS:
            for part in settings.run.choice(kind).parts():
                if part.name != "auto":
                    zoo.entry(kind, part.name)

    def settle(self, request: Request, zoo: Zoo, rehearse: Rehearse | None, known: Mapping[str, int]) -> _Row:
        """Return the row with its settings, its budget spent; or with the reason why it is refused."""
        try:
            run = self._read(zoo)
            rehearsal = _try(rehearse, run) if rehearse and self.name not in known else None
            steps = known.get(self.name) or _affordable(request, run, rehearsal)
            row = replace(self, rehearsal=rehearsal, sets=dict(self.sets) | self._schedule(request, run, steps))
            return replace(row, run=row._read(zoo))
        except GanzooError as error:
            return replace(self, refused=error.what)

    def _read(self, zoo: Zoo) -> RunConfig:
        recipe = find_recipe(self.recipe) if self.recipe else None
        return choices.complete(settle(recipe=recipe, flags=self.flags, sets=self.sets), zoo).run

    def _schedule(self, request: Request, run: RunConfig, steps: int) -> dict[str, Any]:
        """Return how long a run is and how often it is looked at, in steps; what was asked for stays."""
        said: dict[str, Any] = {"train.steps": steps} if request.budget else {}
        every = math.ceil(steps / request.evals) if request.evals else 0
        if every and run.eval.at_end and not run.eval.every:
            said["eval.every"] = every
        if every and "train.sample_every" not in {**self.flags, **self.sets}:
            said["train.sample_every"] = every
        return said

    def cell(self, seed: int) -> PlannedCell:
        run = self.run and replace(self.run, train=replace(self.run.train, seed=seed))
        return PlannedCell(
            name=f"{self.name}-s{seed}",
            axes={f"{key}.name" if key in KINDS else key: _value(key, text) for key, text in self.axes.items()},
            seed=seed,
            arguments=() if self.refused else tuple(self._arguments(seed)),
            run=run,
            refused=self.refused,
            rehearsal=self.rehearsal,
        )

    @property
    def name(self) -> str:
        """The values of the axes, as a name for files."""
        return "-".join(_word(key, value) for key, value in self.axes.items())

    def _arguments(self, seed: int) -> Iterator[str]:
        """Write the row as a command line."""
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


def _affordable(request: Request, run: RunConfig, rehearsal: Rehearsal | None) -> int:
    return request.budget.steps(run, rehearsal) if request.budget else run.train.steps


def _try(rehearse: Rehearse, run: RunConfig) -> Rehearsal:
    """Rehearse a run. Raises ConfigError whatever a component raises: it costs its own row alone."""
    try:
        return rehearse(run)
    except GanzooError:
        raise
    except Exception as error:
        raise ConfigError(f"a step fails: {type(error).__name__}: {error}") from error


def _value(key: str, text: str) -> Any:
    """The value of an axis: of a setting as it is read, "1e-4" as 0.0001; a list or a table as its text."""
    value = parse_assignment(f"{key}={text}")[1] if "." in key else text
    return value if isinstance(value, str | int | float | bool) else text


def _word(key: str, text: str) -> str:
    """A value as part of a file name; with a hash where letters are lost, so that no two are one."""
    value = str(_value(key, text))
    whole = value if "." not in key else f"{key.rpartition('.')[2]}={value}"
    word = re.sub(r"[^A-Za-z0-9._+=-]", "-", whole)[-40:].strip("-")
    return word if word == whole else f"{word}-{hashlib.sha256(whole.encode()).hexdigest()[:6]}"


def parse_seeds(text: str) -> tuple[int, ...]:
    """ "0..2,7" -> (0, 1, 2, 7). Raises ConfigError."""
    seeds: list[int] = []
    for part in text.split(","):
        first, dots, last = part.strip().partition("..")
        if not first.isdecimal() or (dots and not last.isdecimal()) or (dots and int(last) < int(first)):
            raise ConfigError(f"--seeds {text!r} is not a list of seeds", hint="--seeds 0..2, or --seeds 0,5,9")
        seeds += range(int(first), int(last or first) + 1)
    return tuple(dict.fromkeys(seeds))


def parse_budget(text: str) -> Budget:
    """ "images=2e5" -> Budget("images", 200000.0). Raises ConfigError."""
    unit, _, amount = text.partition("=")
    try:
        number = float(amount)
    except ValueError:
        number = math.nan
    if unit not in UNITS or not 0 < number < math.inf:
        hint = "--budget images=200000; also steps=, seconds=, flops="
        raise ConfigError(f"--budget {text!r} is not a unit and an amount above 0", hint=hint)
    return Budget(unit, number)


def split_values(text: str) -> list[str]:
    """Split at commas, but for those within quotes, brackets or braces: 'none,"a,b",[1, 2]' -> three values."""
    values = re.findall(r"""(?:"[^"]*"|'[^']*'|\[[^\]]*\]|\{[^}]*\}|[^,])+""", text)
    return list(dict.fromkeys(value.strip() for value in values if value.strip()))
