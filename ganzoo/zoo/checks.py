"""Checks of what a plugin offers: the version that it needs, and each class against the contract of its kind."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from types import ModuleType
from typing import Any

from ganzoo import contracts
from ganzoo.errors import PluginError
from ganzoo.hookspecs import API_VERSION
from ganzoo.settings.kinds import KIND_INFO, Kind
from ganzoo.settings.options import check_schema
from ganzoo.zoo.isolation import describe_error

CONTRACTS: dict[Kind, tuple[str, type]] = {
    kind: (info.hook, getattr(contracts, info.contract)) for kind, info in KIND_INFO.items()
}
"""The hook of each kind, and the abstract class that its components subclass."""


def check_version(module: ModuleType) -> None:
    """Raise PluginError if a plugin needs a newer ganzoo than this."""
    needed = getattr(module, "GANZOO_API", API_VERSION)
    if type(needed) is not int:
        raise PluginError(f"GANZOO_API is {needed!r}, not a whole number")
    if needed > API_VERSION:
        raise PluginError(f"needs ganzoo plugin API {needed}, this is {API_VERSION}", hint="a newer ganzoo-torch")


def check_offer(kind: Kind, hook: str, offered: Any) -> None:
    """Raise PluginError unless a hook returned {name: class}, and each class keeps the contract of its kind."""
    if not isinstance(offered, Mapping):
        raise PluginError(f"{hook} must return {{name: class}}, not {offered!r}")
    for name, component in offered.items():
        if not isinstance(name, str) or not name.replace("-", "a").replace("_", "a").isalnum():
            raise PluginError(f"{kind} {name!r} is not a name: use letters, digits, - and _")
        if fault := _find_fault(component, kind):
            raise PluginError(f"{kind} {name!r} {fault}")


def _find_fault(component: Any, kind: Kind) -> str:
    """Return why an object cannot be a component of this kind; empty if it can."""
    contract, may_change = CONTRACTS[kind][1], KIND_INFO[kind].may_change
    if not isinstance(component, type):
        return f"is an object, not a class: register {type(component).__name__} without parentheses"
    if not issubclass(component, contract):
        return f"does not subclass ganzoo.{contract.__name__}"
    if not is_dataclass(component) or not (may_change or component.__dataclass_params__.frozen):  # type: ignore[attr-defined]
        wanted = ("dataclass", "@dataclass") if may_change else ("frozen dataclass", "@dataclass(frozen=True)")
        return "is not a {}: add {}".format(*wanted)
    if missing := sorted(getattr(component, "__abstractmethods__", ())):
        return f"does not implement {', '.join(missing)}"
    for name, method in vars(contract).items():
        if inspect.isfunction(method) and not _takes(getattr(component, name), method):
            return f"has {name}{inspect.signature(getattr(component, name))}: write {_signature(name, method)}"
    try:
        check_schema(component)
    except Exception as error:  # annotations are code, and may raise anything
        return f"has options that cannot be read: {describe_error(error)}"
    return ""


def _takes(method: Any, promised: Callable[..., Any]) -> bool:
    """Return whether a method can be called as its contract says: by position, by keyword, and without defaults."""
    given = list(inspect.signature(promised).parameters.values())
    by_position = [p.name for p in given if p.kind is not p.KEYWORD_ONLY]
    by_keyword = {p.name: p.default for p in given if p.kind is p.KEYWORD_ONLY}
    try:
        inspect.signature(method).bind(*by_position, **by_keyword)
        inspect.signature(method).bind(*by_position, **{k: v for k, v in by_keyword.items() if v is inspect._empty})
    except TypeError:
        return False
    return True


def _signature(name: str, method: Callable[..., Any]) -> str:
    """Return the head of a contract's method without types: "def generator_loss(self, *, fake, real=None)"."""
    signature = inspect.signature(method)
    bare = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
    return f"def {name}{signature.replace(parameters=bare, return_annotation=signature.empty)}"
