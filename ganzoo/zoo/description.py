"""Plugins as plain JSON values, and back: names, docstrings and options of their components, without their code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, field, fields, make_dataclass
from functools import reduce
from operator import or_
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import annotated_types

from ganzoo.settings.docs import describe_options
from ganzoo.settings.kinds import Kind
from ganzoo.zoo.installed import Plugin

DEFAULT_FEATURES = "default_features"
"""Attribute of a dataset that is read without its code: the extractor that "auto" means."""
_PLAIN = {kind.__name__: kind for kind in (bool, int, float, str)}
_BOUNDS = ("Gt", "Ge", "Lt", "Le", "MinLen", "MaxLen")


class IndescribableError(Exception):
    """A component has an option whose type is not a plain one, or checks that are code."""


def describe(plugin: Plugin) -> dict[str, Any]:
    """Return a loaded plugin as JSON values. Raises IndescribableError."""
    offered = {
        kind: {name: _describe_component(component) for name, component in components.items()}
        for kind, components in plugin.offered.items()
    }
    return {
        "name": plugin.name,
        "version": plugin.version,
        "builtin": plugin.builtin,
        "remark": plugin.remark,
        "seconds": plugin.seconds,
        "aliases": list(plugin.aliases),
        "hooks": list(plugin.hooks),
        "components": list(plugin.components),
        "offered": offered,
    }


def restore(values: Mapping[str, Any]) -> Plugin:
    """Return the plugin that `describe` described; its classes have the options and docstrings, and no code.

    Raises LookupError, TypeError or ValueError if the values are not those of `describe`.
    """
    offered: dict[Kind, dict[str, type]] = {
        kind: {name: _restore_component(each) for name, each in components.items()}
        for kind, components in values["offered"].items()
    }
    return Plugin(
        name=str(values["name"]),
        version=str(values["version"]),
        builtin=bool(values["builtin"]),
        remark=str(values["remark"]),
        seconds=float(values["seconds"]),
        aliases=tuple(map(str, values["aliases"])),
        hooks=tuple(map(str, values["hooks"])),
        components=tuple(map(str, values["components"])),
        offered=offered,
    )


def _describe_component(component: type) -> dict[str, Any]:
    hints = get_type_hints(component, include_extras=True)
    docs = describe_options(component)
    options = [_describe_option(each, hints[each.name], docs) for each in fields(component) if each.init]
    values: dict[str, Any] = {"class": component.__name__, "doc": component.__doc__ or "", "options": options}
    if hasattr(component, "__post_init__"):
        values["code"] = component.__module__
    if isinstance(extractor := getattr(component, DEFAULT_FEATURES, None), str):
        values[DEFAULT_FEATURES] = extractor
    return values


def _restore_component(values: Mapping[str, Any]) -> type:
    options = [(each["name"], _restore_type(each["type"]), _restore_field(each)) for each in values["options"]]
    doc = {"__doc__": str(values["doc"]) or " "}  # dataclasses write one, slowly, where there is none
    # nobody makes an instance, and each method would be compiled
    bare = make_dataclass(
        str(values["class"]), options, namespace=doc, frozen=True, kw_only=True,
        init=False, repr=False, eq=False, match_args=False,
    )  # fmt: skip
    bare.__doc__ = str(values["doc"])
    bare.code_of = str(values.get("code", ""))  # type: ignore[attr-defined]
    if DEFAULT_FEATURES in values:
        bare.default_features = str(values[DEFAULT_FEATURES])  # type: ignore[attr-defined]
    return bare


def _describe_option(option: Field[Any], hint: Any, docs: Mapping[str, str]) -> dict[str, Any]:
    values = {"name": option.name, "type": _describe_type(hint)}
    if option.name in docs:
        values["doc"] = docs[option.name]
    default = option.default_factory() if option.default_factory is not MISSING else option.default
    return values if default is MISSING else values | {"default": default}


def _restore_field(values: Mapping[str, Any]) -> Any:
    metadata = {"doc": values["doc"]} if "doc" in values else {}
    if "default" not in values:
        return field(metadata=metadata)
    default = values["default"]
    if isinstance(default, list):
        return field(default_factory=lambda: list(default), metadata=metadata)
    return field(default=default, metadata=metadata)


def _describe_type(hint: Any) -> Any:
    """Return a type as JSON: "int", or {"literal": [...]}, {"list": type}, {"union": [...]}, {"of": type, "Gt": 0}."""
    if isinstance(hint, type) and hint.__name__ in _PLAIN and hint is _PLAIN[hint.__name__]:
        return hint.__name__
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return {"literal": list(arguments)}
    if origin is list:
        return {"list": _describe_type(arguments[0])}
    if origin in (UnionType, Union):
        return {"union": [_describe_type(each) for each in arguments]}
    if origin is Annotated:
        return {"of": _describe_type(arguments[0])} | dict(_describe_bound(each) for each in arguments[1:])
    raise IndescribableError(repr(hint))


def _describe_bound(bound: Any) -> tuple[str, Any]:
    name = type(bound).__name__
    if name not in _BOUNDS or type(bound) is not getattr(annotated_types, name):
        raise IndescribableError(repr(bound))
    return name, getattr(bound, bound.__slots__[0])


def _restore_type(values: Any) -> Any:
    if isinstance(values, str):
        return _PLAIN[values]
    if "literal" in values:
        return Literal[tuple(values["literal"])]
    if "list" in values:
        return list[_restore_type(values["list"])]  # type: ignore[misc]
    if "union" in values:
        return reduce(or_, map(_restore_type, values["union"]))
    bounds = [getattr(annotated_types, name)(values[name]) for name in _BOUNDS if name in values]
    return Annotated[(_restore_type(values["of"]), *bounds)]
