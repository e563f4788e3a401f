"""Plugins are found, imported and asked for their components; `isolation` keeps the errors of one from the others."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from ganzoo.errors import PluginError
from ganzoo.settings.kinds import KIND_INFO, Kind
from ganzoo.settings.options import did_you_mean
from ganzoo.zoo.beside import MOST_SOURCE, import_file
from ganzoo.zoo.catalogue import Zoo
from ganzoo.zoo.checks import check_offer, check_version
from ganzoo.zoo.installed import Plugin, find_plugins
from ganzoo.zoo.isolation import catch_plugin_errors, isolate, name_hook, report_file_errors

BUILTIN = tuple(f"ganzoo.builtin.{info.builtin}" for info in KIND_INFO.values())
HOOKS: dict[str, Kind] = {info.hook: kind for kind, info in KIND_INFO.items()}


def load_zoo(
    *, files: Iterable[str | Path] | str | Path = (), disabled: Collection[str] = (), override: Collection[str] = ()
) -> Zoo:
    """Load the built-ins, the installed plugins and single files. A broken plugin stays out, with its reason.

    `disabled` adds to the comma-separated names in GANZOO_DISABLE_PLUGINS. Plugins in `override` may take names that
    built-ins or other plugins have; theirs is then known as name@plugin. A broken single file is an error at once
    (PluginError): it was asked for. Raises ConfigError if `disabled` or `override` names a plugin that is not there.
    """
    zoo = Zoo(override=tuple(override))
    for name in BUILTIN:
        zoo.register(load_builtin(name))
    for plugin in find_plugins(disabled):
        zoo.register(load_installed(plugin))
    for path in [files] if isinstance(files, str | Path) else files:
        zoo.register(load_file(Path(path).expanduser()))
    zoo.check_overrides()
    return zoo


def load_builtin(module: str) -> Plugin:
    """Import a module that ships and call its hooks."""
    plugin = Plugin(module.rpartition(".")[2], builtin=True)
    call_hooks(plugin, importlib.import_module(module))
    return plugin


def load_installed(plugin: Plugin) -> Plugin:
    """Import an installed plugin and call its hooks, unless it is disabled or broken already."""
    if plugin.state != "ok" or plugin.point is None:
        return plugin
    with isolate(plugin), catch_plugin_errors(plugin):
        subject = plugin.point.load()
        check_version(sys.modules[plugin.point.module])
        call_hooks(plugin, subject)
    return plugin


def load_file(path: Path) -> Plugin:
    """Import a single file and call its hooks. Its version is a hash of it. Raises PluginError if it is broken."""
    plugin = Plugin(path.name, version=_hash(path), aliases=(path.stem,), path=path.expanduser().absolute())
    with isolate(plugin):
        with report_file_errors("the plugin does not import", path):
            module = _import_file(path)
        with report_file_errors("a hook of the plugin fails", path):
            check_version(module)
            call_hooks(plugin, module)
    return plugin


def _hash(path: Path) -> str:
    """Return the beginning of the SHA-256 of a file; empty if it cannot be read, which its import will say."""
    try:
        readable = path.is_file() and path.stat().st_size <= MOST_SOURCE
        return hashlib.sha256(path.read_bytes()).hexdigest()[:8] if readable else ""
    except OSError:
        return ""


def _import_file(path: Path) -> ModuleType:
    try:
        return import_file(path)
    except FileNotFoundError as error:
        if path.suffix == ".py" and path.is_file():  # its own code raised it
            raise
        raise PluginError("--plugin takes a Python file", hint="--plugin my_loss.py") from error


def call_hooks(plugin: Plugin, subject: object) -> None:
    """Call every hook of a module, and keep what they return. Raises PluginError if that breaks a contract."""
    hooks = find_hooks(subject)
    plugin.hooks = tuple(hook for hook, _ in hooks)
    for hook, function in hooks:
        with name_hook(hook):
            _keep(plugin, hook, function())


def _keep(plugin: Plugin, hook: str, offered: Any) -> None:
    """Keep what a hook returned; the names even if it is refused, so that an error can say which plugin has them."""
    kind = HOOKS[hook]
    if isinstance(offered, Mapping):
        plugin.components += tuple(f"{kind} {name}" for name in offered)
    check_offer(kind, hook, offered)
    plugin.offered.setdefault(kind, {}).update(offered)


def find_hooks(subject: object) -> list[tuple[str, Callable[[], Any]]]:
    """Return the hooks that a module implements, in the order of the kinds, each with its function.

    Raises PluginError for a hook that is unknown, unmarked, or takes arguments.
    """
    manager = pluggy.PluginManager("ganzoo")
    found: list[tuple[str, Callable[[], Any]]] = []
    for name in dir(subject):
        marks = manager.parse_hookimpl_opts(subject, name)
        if marks is None:
            _check_unmarked(subject, name)
            continue
        hook = marks.get("specname") or name
        if hook in HOOKS:
            found.append((hook, _check_signature(hook, getattr(subject, name))))
        elif not marks.get("optionalhook"):
            raise PluginError(f"no hook is named {hook!r}.{did_you_mean(hook, HOOKS)}", hint=", ".join(HOOKS))
    return sorted(found, key=lambda pair: list(HOOKS).index(pair[0]))


def _check_unmarked(subject: object, name: str) -> None:
    """Raise PluginError for a hook that would never be called."""
    if name in HOOKS and inspect.isroutine(getattr(subject, name)):
        raise PluginError(f"hook {name} is not marked: put @ganzoo.hookimpl above it")


def _check_signature(hook: str, function: Callable[[], Any]) -> Callable[[], Any]:
    """Return a hook's function. Raises PluginError if it needs arguments: nothing is passed to it."""
    parameters = inspect.signature(function).parameters.values()
    needed = [p.name for p in parameters if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    if needed:
        raise PluginError(f"hook {hook} takes (), not ({', '.join(needed)})")
    return function
