"""Errors of plugins in use: whose code raised an error, in which component, and where."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from ganzoo.errors import GanzooError, PluginError, is_out_of_memory
from ganzoo.settings.kinds import KINDS, NAMED_KINDS, Kind
from ganzoo.settings.sections import Choice, RunConfig
from ganzoo.zoo.catalogue import Zoo
from ganzoo.zoo.installed import Plugin
from ganzoo.zoo.isolation import describe_error

SHOW = "export GANZOO_STRICT_PLUGINS=1 (then the same command shows the traceback)"
"""Hint for an error whose traceback is kept nowhere."""


@contextmanager
def name_plugins(zoo: Zoo, keep: Path | None = None, tried: RunConfig | None = None) -> Iterator[None]:
    """Raise what the code of a plugin raises as PluginError, with its place; the traceback goes to the file `keep`.

    Errors of ganzoo itself stay as they are, also those that a plugin raises on purpose. `tried` has the settings of
    a GAN that is tried for the first time: where ganzoo cannot use what a plugin returned, its plugins are named. With
    GANZOO_STRICT_PLUGINS=1 every error stays as it is, for the author of a plugin.
    """
    try:
        yield
    except PluginError as error:
        if tried is not None and not error.where:  # of a check, which knows no plugin
            error.where = "; ".join(_list_foreign(tried, zoo))
        raise
    except (GanzooError, KeyboardInterrupt):
        raise
    except BaseException as error:  # SystemExit, too, and what a plugin derives from BaseException
        if (found := explain(error, zoo, tried)) is None:
            raise
        if keep is not None and _write_traceback(error, keep):
            found.hint = f"read {keep} (the whole traceback)"
        raise found from error


def explain(error: BaseException, zoo: Zoo, tried: RunConfig | None = None) -> PluginError | None:
    """Return the error that names the plugin whose code raised `error`; None if no plugin did."""
    if os.environ.get("GANZOO_STRICT_PLUGINS") == "1" or is_out_of_memory(error):
        return None
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        if plugin := _find_owner(frame, zoo):
            who = f"{_name_component(error, plugin, frame)}plugin {plugin.label} fails"
            where = f"{frame.f_code.co_filename}, line {line}, in {frame.f_code.co_name}"
            return PluginError(f"{who}: {describe_error(error)}", where=where, hint=SHOW)
    if tried is not None and isinstance(error, Exception) and (parts := _list_foreign(tried, zoo)):
        what = f"a GAN of {', '.join(parts)} fails at its first trial: {describe_error(error)}"
        return PluginError(what, hint=SHOW)
    return None


def _find_owner(frame: FrameType, zoo: Zoo) -> Plugin | None:
    """Return the plugin whose module a frame belongs to, or lies beside the file of."""
    name, path = str(frame.f_globals.get("__name__", "")), Path(frame.f_code.co_filename)
    for plugin in zoo.plugins:
        if not plugin.builtin and (name.partition(".")[0] in _packages(plugin) or path.parent in _folders(plugin)):
            return plugin
    return None


def _packages(plugin: Plugin) -> set[str]:
    """Return the packages that hold the code of a plugin."""
    names = {component.__module__.partition(".")[0] for component in _components(plugin)}
    names |= {plugin.point.module.partition(".")[0]} if plugin.point is not None else set()
    return names - {"ganzoo"}  # a plugin may offer a class of ours


def _folders(plugin: Plugin) -> set[Path]:
    """Return the folder of a plugin of a single file, which may import modules that lie beside it."""
    return {plugin.path.parent} if plugin.path is not None else set()


def _components(plugin: Plugin) -> list[type]:
    return [component for offered in plugin.offered.values() for component in offered.values()]


def _name_component(error: BaseException, plugin: Plugin, innermost: FrameType) -> str:
    """Return "loss 'held' of ", or an empty text where the component is not known."""
    names = {cls: f"{kind} {name!r} of " for kind, own in plugin.offered.items() for name, cls in own.items()}
    for frame in (innermost, *(frame for frame, _ in reversed(list(traceback.walk_tb(error.__traceback__))))):
        if found := names.get(type(frame.f_locals.get("self"))):
            return found
    return next(iter(names.values())) if len(names) == 1 else ""


def _list_foreign(run: RunConfig, zoo: Zoo) -> Sequence[str]:
    """Return the components of a run that come from plugins, as "loss 'held' (plugin held.py)"."""
    chosen = [(kind, part) for kind in KINDS if kind != "features" for part in run.choice(kind).parts()]
    named: list[tuple[Kind, Choice]] = [(kind, part) for kind in NAMED_KINDS for part in run.named(kind)]
    owners = [(kind, part.name, zoo.plugin(zoo.entry(kind, part.name).plugin)) for kind, part in [*chosen, *named]]
    return [f"{kind} {name!r} (plugin {owner.label})" for kind, name, owner in owners if not owner.builtin]


def _write_traceback(error: BaseException, path: Path) -> bool:
    """Write the traceback of an error to a file, and return whether that was possible."""
    try:
        path.write_text("".join(traceback.format_exception(error)), encoding="utf-8", errors="backslashreplace")
    except OSError:
        return False
    return True
