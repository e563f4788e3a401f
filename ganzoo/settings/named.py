"""Options of the components that a setting of another section names: [metric.kid] are those of kid in eval.metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from ganzoo.errors import ConfigError
from ganzoo.settings.kinds import KIND_INFO, NAMED_KINDS, Kind, split_names
from ganzoo.settings.options import did_you_mean, shorten

Named = dict[Kind, dict[str, dict[str, Any]]]


def read_named(tables: Mapping[str, Any], sections: Mapping[str, Any]) -> Named:
    """Return the options in a recipe's tables, by kind and name; `sections` are its sections, read.

    Raises ConfigError for an option without a name, and for options of a component that the run does not name.
    """
    found: Named = {}
    for kind in NAMED_KINDS:
        section, _, option = KIND_INFO[kind].setting.partition(".")
        names = getattr(sections[section], option)
        for name, options in tables.get(kind, {}).items():
            _require_table(kind, name, options)
            _require_named(kind, name, options, names)
            found.setdefault(kind, {})[name] = dict(options)
    return found


def _require_table(kind: Kind, name: str, options: Any) -> None:
    if not isinstance(options, Mapping):
        what = f"{kind}.{name} = {shorten(options)} does not say of which {KIND_INFO[kind].title} it is an option"
        hint = f"ganzoo explain {kind}.{name}  (shows how it is written)"
        raise ConfigError(what, hint=hint)


def _require_named(kind: Kind, name: str, options: Mapping[str, Any], names: str) -> None:
    """Raise ConfigError unless a component is among the names: its options would change nothing."""
    if name in split_names(names):
        return
    info = KIND_INFO[kind]
    keys = ", ".join(f"{kind}.{name}.{key}" for key in options) or f"[{kind}.{name}]"
    what = f"{keys} changes nothing: {info.setting} is {names!r}, without {name}"
    near = get_close_matches(name, {*split_names(names), *info.names}, n=1) if name not in info.names else []
    if near and options:
        settings = " ".join(f"--set {kind}.{near[0]}.{key}={shorten(value)}" for key, value in options.items())
        raise ConfigError(f"{what}.{did_you_mean(name, near)}", hint=settings)
    raise ConfigError(what, hint=f"--set {info.setting}={info.name_with(names, name)}")


def list_unnamed(key: str, value: Any, merged: Iterable[str]) -> list[str]:
    """Return the settings, of those merged so far, that are options of components which `key` now names no more."""
    kinds = [kind for kind in NAMED_KINDS if KIND_INFO[kind].setting == key]
    stays = [f"{kind}.{name}." for kind in kinds for name in split_names(str(value))]
    return [old for old in merged for kind in kinds if old.startswith(f"{kind}.") and not old.startswith(tuple(stays))]
