"""A grid as Python asks for it: lists among its keywords and options are axes."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ganzoo.errors import ConfigError
from ganzoo.grid.axes import ALWAYS, AXIS_KINDS, MOST_SEEDS, OF_SCORES, parse_seeds, split_names
from ganzoo.grid.config import Budget, parse_budget
from ganzoo.settings.keywords import LISTS, find_key, plain, read_keywords, read_name, read_options
from ganzoo.settings.kinds import DEFAULT_NAMES, Kind
from ganzoo.settings.options import shorten
from ganzoo.settings.sections import Choice
from ganzoo.settings.toml import parse_assignment, to_toml
from ganzoo.zoo.catalogue import Zoo

Axes = dict[str, list[str]]


def read_axes(
    recipes: Any, keywords: Mapping[str, Any], options: Mapping[str, Any] | None
) -> tuple[Axes, dict[str, Any], dict[str, Any]]:
    """Return the axes of a grid, and the settings that all cells share: of keywords, and of options.

    Raises ConfigError for what is no setting, and for a list that is no axis.
    """
    given = {word: value for word, value in keywords.items() if value is not None}
    axes: Axes = {"recipe": _list_names("recipe", recipes)} if recipes is not None else {}
    for kind in AXIS_KINDS:
        if kind in given:
            axes[kind] = _list_names(kind, given.pop(kind))
        elif kind in ALWAYS and recipes is None:
            axes[kind] = [DEFAULT_NAMES[kind]]
    lists = {word: given.pop(word) for word in list(given) if word not in LISTS and _is_list(given[word])}
    several = {find_key(word, values): values for word, values in lists.items()}
    sets = read_options(options)
    several |= {key: sets.pop(key) for key in list(sets) if _is_list(sets[key])}
    axes |= {key: _write_values(key, values) for key, values in several.items()}
    if "seed" in given or "train.seed" in axes or "train.seed" in sets:
        raise ConfigError("a grid has several seeds", hint="seeds=[0, 5, 9], or seeds=3 (0, 1 and 2)")
    return axes, read_keywords(given), sets


def read_seeds(seeds: Any) -> tuple[int, ...]:
    """Return seeds 0 to n - 1 for a number, those of a list, or of text as on --seeds. Raises ConfigError."""
    if isinstance(seeds, str):
        return parse_seeds(seeds)
    try:
        found = tuple(dict.fromkeys(map(operator.index, range(seeds) if not isinstance(seeds, Iterable) else seeds)))
    except TypeError:
        found = ()
    if isinstance(seeds, bool) or not 0 < len(found) <= MOST_SEEDS or not all(0 <= seed < 2**63 for seed in found):
        what = f"seeds={shorten(seeds)} is neither a number of seeds nor a list of seeds"
        raise ConfigError(what, hint="seeds=3 (0, 1 and 2), or seeds=[0, 5, 9]")
    return found


def read_budget(budget: str | Mapping[str, float] | None, settings: Iterable[str]) -> Budget | None:
    """Return a budget that is written "images=2e5" or {"images": 2e5}. Raises ConfigError, also beside `steps`."""
    if budget is None:
        return None
    if "train.steps" in settings:
        what = "budget and steps both say how long a run is"
        raise ConfigError(what, hint="leave out steps, or leave out budget")
    if isinstance(budget, Mapping) and len(budget) == 1:
        budget = "".join(f"{unit}={amount}" for unit, amount in budget.items())
    return parse_budget(str(budget))


def read_engine(name: str, sets: dict[str, Any], jobs: int | None) -> Choice:
    """Return the choice of an engine, whose options are taken out of the settings."""
    keys = [key for key in sets if key.startswith("engine.")]
    options = {key.removeprefix("engine."): sets.pop(key) for key in keys}
    return Choice(name, options if jobs is None else options | {"jobs": jobs})


def plugin_words(zoo: Zoo) -> list[str]:
    """Return the words of the command line by which each cell loads the plugins of a zoo."""
    files = [("--plugin", str(plugin.path)) for plugin in zoo.plugins if plugin.path is not None]
    disabled = [("--no-plugin", plugin.name) for plugin in zoo.plugins if not plugin.enabled]
    return [word for pair in [*files, *disabled, *(("--override", name) for name in zoo.override)] for word in pair]


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple | range) or getattr(value, "ndim", 0) == 1


def _list_names(kind: Any, value: Any) -> list[str]:
    """Return the names of an axis: a list of them, or text with commas as on the command line."""
    if isinstance(value, str):
        names = split_names(value)
    else:
        names = [_name(kind, each) for each in (value if _is_list(value) else [value])]
    if not names:
        raise ConfigError(f"{kind} names nothing", hint=f"ganzoo list {kind}")
    return list(dict.fromkeys(names))


def _name(kind: Kind | str, value: Any) -> str:
    if kind == "recipe":
        return str(value.expanduser().absolute()) if isinstance(value, Path) else str(value)
    return read_name(kind, value)  # type: ignore[arg-type]  # the other axes are kinds


def _write_values(key: str, values: Sequence[Any]) -> list[str]:
    """Return the values of an axis as they are written on the command line. Raises ConfigError for no axis."""
    if key.startswith(OF_SCORES):
        raise ConfigError(f"{key} is no axis: scores could not be compared", hint="one value")
    if len(values) == 0:
        raise ConfigError(f"{key} has no value", hint=f'options={{"{key}": [VALUE, VALUE]}}')
    return list(dict.fromkeys(_write(key, plain(value)) for value in values))


def _write(key: str, value: Any) -> str:
    """Return a value so that `parse_assignment` reads it, a word without quotes where that is the same."""
    if isinstance(value, str) and parse_assignment(f"{key}={value}")[1] == value:
        return value
    return to_toml(value)
