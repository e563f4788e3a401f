"""Layers of settings, each with its origin, merged into one checked RunConfig: a later layer wins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ganzoo.settings.kinds import KIND_INFO, KINDS, NAMED_KINDS
from ganzoo.settings.named import list_unnamed
from ganzoo.settings.sections import RunConfig
from ganzoo.settings.toml import from_tables, unflatten


class Origin(NamedTuple):
    """Layer that a value comes from, such as a flag or a recipe, and the source that the recipe cites."""

    name: str
    source: str = ""


@dataclass(frozen=True)
class Layer:
    """Settings of one origin: `values` maps "section.option" to a value."""

    origin: Origin
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Settings:
    """A RunConfig that remembers where each value came from."""

    run: RunConfig
    origins: Mapping[str, Origin]
    """Origin of each "section.option"; options left at their default are absent."""


def resolve(layers: Iterable[Layer]) -> Settings:
    """Merge layers, lowest first, into a checked configuration.

    Raises ConfigError for an unknown section, an unknown [optim], [train] or [eval] option, or a bad value.
    Options of components are checked where the components are known: `Zoo.create`.
    """
    merged: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    for layer in layers:
        for key, value in sorted(layer.values.items(), key=lambda item: item[0] not in _FIRST):
            _forget_dependents(key, value, merged, origins)
            merged[key], origins[key] = value, layer.origin
    return Settings(from_tables(unflatten(merged)), origins)


_RULING = {f"{kind}.name": f"{kind}." for kind in KINDS} | {
    "optim.name": "optim.beta",
    "optim.batch_size": "optim.batch_size_g",
}
"""Settings whose change makes others meaningless -> the prefix of those others: options, betas, the batch of G."""
_FIRST = {*_RULING, *(KIND_INFO[kind].setting for kind in NAMED_KINDS)}
"""Settings that are merged before others of their layer, which may be options of what they name."""


def _forget_dependents(key: str, value: Any, merged: dict[str, Any], origins: dict[str, Origin]) -> None:
    """Forget what lower layers set for a component, optimiser or batch size that this value replaces."""
    if key in _RULING and merged.get(key, value) != value:
        for stale in [old for old in merged if old.startswith(_RULING[key]) and old != key]:
            del merged[stale], origins[stale]
    for stale in list_unnamed(key, value, merged):
        del merged[stale], origins[stale]
