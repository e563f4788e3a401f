"""Axes of a comparison: those of the runs' grid, or else the settings in which the runs differ."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from ganzoo.errors import ConfigError
from ganzoo.results.read import UNREADABLE, Result, find_grid
from ganzoo.settings.options import did_you_mean

COMPONENTS = (
    *("model.name", "loss.name", "lipschitz.name", "conditioner.name", "augment.name", "regularizer.name"),
    "dataset.name",
)
_NEVER_SECTIONS = ("eval.", "features.", "observer.")
_NEVER = {
    *("train.seed", "train.device", "train.log_every", "train.sample_every", "train.save_every", "train.keep_last"),
    *("dataset.root", "dataset.path", "dataset.download", "train.observe"),
}
"""Settings that are never an axis: they say where files lie, or how often a run writes, and not how it trains."""


def short(axis: str) -> str:
    """Return an axis as shown: "model.name" -> "model"."""
    return axis.removesuffix(".name")


def find_axes(results: Sequence[Result]) -> tuple[str, ...]:
    """Return the settings in which these runs differ, beside their seeds.

    Runs of one grid have its axes. For other runs the axes are the components that vary; then, as long as there are
    runs that differ in a setting and on none of the axes, the first such setting. This leaves out settings that only
    follow from a component, as n_critic follows from the loss.
    """
    if find_grid(results) is not None:
        return tuple(dict.fromkeys(axis for result in results for axis in result.axes))
    candidates = dict.fromkeys([*COMPONENTS, *(axis for result in results for axis in result.axes)])
    axes = [axis for axis in candidates if len(list_values(axis, results)) > 1]
    while (setting := _find_varying(axes, results)) is not None:
        axes.append(setting)
    added = (axis for axis in COMPONENTS[3:6] if list_values(axis, results) not in ([], ["none"]))  # of runs all alike
    return tuple(axes or (*COMPONENTS[:3], *added))


def choose_results(results: Sequence[Result], only: Sequence[str]) -> list[Result]:
    """Return the runs that have all of these values: "dataset=mnist". Raises ConfigError if no run has them."""
    chosen = list(results)
    for words in only:
        name, equals, value = words.partition("=")
        axis = name if "." in name else f"{name}.name"
        known = list(dict.fromkeys(str(result.value(axis)) for result in chosen if result.state != UNREADABLE))
        if not equals or value not in known:
            hint = ", or ".join(f"--only {shlex.quote(f'{name}={value}')}" for value in known)
            raise ConfigError(f"--only {words!r} leaves no run", hint=hint)
        chosen = [result for result in chosen if result.state == UNREADABLE or str(result.value(axis)) == value]
    return chosen


def list_values(axis: str, results: Iterable[Result]) -> list[Any]:
    """Return the values of an axis: numbers sorted, others in order of appearance."""
    values = list(dict.fromkeys(result.value(axis) for result in results))
    return sorted(values) if all(isinstance(value, int | float) for value in values) else values


def key_of(result: Result, axes: Iterable[str]) -> tuple[Any, ...]:
    """Return the values of a run on these axes."""
    return tuple(result.value(axis) for axis in axes)


def choose_axes(asked: Sequence[str], axes: Collection[str]) -> tuple[str, ...]:
    """Return axes by their full or short names. Raises ConfigError for an axis that the runs do not have."""
    known = {short(axis): axis for axis in axes} | {axis: axis for axis in axes}
    for name in asked:
        if name not in known:
            shown = list(map(short, axes))
            what = f"{name!r}: the runs have no such axis.{did_you_mean(name, shown)}"
            raise ConfigError(what, hint=f"--group-by {','.join(shown)}")
    return tuple(dict.fromkeys(known[name] for name in asked))


def _find_varying(axes: Sequence[str], results: Sequence[Result]) -> str | None:
    """Return the first setting, by name, that differs among runs with the same values on these axes."""
    groups: dict[tuple[Any, ...], list[Result]] = {}
    for result in results:
        groups.setdefault(key_of(result, axes), []).append(result)
    varying = {setting for group in groups.values() for setting in list_differing(group)}
    return min(varying - set(axes), default=None)


def list_differing(group: Sequence[Result]) -> set[str]:
    """Return the settings in which runs differ, without those that say where files lie or how a run is scored."""
    first = group[0].settings
    differing = {
        key
        for result in group[1:]
        if result.settings != first
        for key in first.keys() | result.settings.keys()
        if first.get(key) != result.settings.get(key)
    }
    return {key for key in differing if key not in _NEVER and not key.startswith(_NEVER_SECTIONS)}
