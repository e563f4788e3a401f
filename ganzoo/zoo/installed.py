"""Plugins that pip installed, read from their metadata without importing them. No torch here."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.settings.kinds import KIND_INFO

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

    from ganzoo.errors import ConfigError
    from ganzoo.settings.kinds import Kind

ENABLE = "without --no-plugin and GANZOO_DISABLE_PLUGINS"
"""Hint for a user who needs a plugin that is disabled."""

_ALL = ("all", "1")
"""Names that mean every installed plugin, in --no-plugin and GANZOO_DISABLE_PLUGINS."""


@dataclass
class Plugin:
    """One plugin: found first, then loaded, broken or disabled."""

    name: str
    """Name of its distribution, which pip knows; `distribution:point` where that has several entry points.
    For a single file, the name of the file."""
    version: str = ""
    state: str = "ok"
    """ok, broken or disabled."""
    fault: str = ""
    """Reason why it is broken; empty otherwise."""
    remark: str = ""
    """Further news for the user: what it changed and was put back, which of its names were taken already."""
    hooks: tuple[str, ...] = ()
    """Hooks that it implements."""
    components: tuple[str, ...] = ()
    """Its components as they are known, "loss hinge"; for a broken plugin, those that it would have had."""
    seconds: float = 0.0
    """Time to import it and to call its hooks."""
    aliases: tuple[str, ...] = ()
    """Other names that mean it: that of its distribution, that of its entry point."""
    builtin: bool = False
    """True if it ships with ganzoo. All that do answer to "ganzoo", and nothing else does."""
    point: EntryPoint | None = field(default=None, repr=False)
    """Entry point to import; None for a built-in, for a file, and where the metadata cannot be read."""
    path: Path | None = None
    """Path of a plugin that is a single file."""
    traceback: str = field(default="", repr=False)
    """Traceback of the error that broke it."""
    offered: dict[Kind, dict[str, type]] = field(default_factory=dict, repr=False)
    """Classes that its hooks returned, by kind and name."""

    @property
    def enabled(self) -> bool:
        """True unless the user disabled it."""
        return self.state != "disabled"

    def answers_to(self, name: str) -> bool:
        """Return whether a user who types this name means this plugin."""
        if name == "ganzoo":
            return self.builtin
        return self.is_called(name) or _same_to_pip(name, [self.tag])

    def is_called(self, name: str) -> bool:
        """Return whether this is its name or an alias; case, `-`, `_` and `.` are alike, as they are to pip."""
        return _same_to_pip(name, (self.name, *self.aliases))

    @property
    def label(self) -> str:
        """Name and version."""
        return self.name if self.path else f"{self.name} {self.version}".rstrip()  # that of a file is a hash

    @property
    def tag(self) -> str:
        """Text behind the @ of its components, without characters that mean something in flags and recipes."""
        tag = re.sub(r"[^A-Za-z0-9_/-]", "-", self.name.removesuffix(".py").replace(":", "/"))
        return "ganzoo-plugin" if tag == "ganzoo" else tag  # "ganzoo" is what ships


def _same_to_pip(name: str, names: Iterable[str]) -> bool:
    return _normalise(name) in map(_normalise, names)


def _normalise(name: str) -> str:
    """Foo_Bar -> foo-bar, as PEP 503 has it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def find_plugins(disabled: Collection[str] = ()) -> list[Plugin]:
    """Return the installed plugins, sorted by name, with those marked that are disabled. Nothing is imported.

    `disabled` adds to the comma-separated names in GANZOO_DISABLE_PLUGINS; "all" and "1" mean every plugin. Raises
    ConfigError if `disabled` names a plugin that is not installed; the variable may, since it outlives what it names.
    """
    plugins = _read_plugins()
    for name in disabled:
        if name not in _ALL and not any(plugin.is_called(name) for plugin in plugins):
            raise unknown_plugin(name, [plugin.name for plugin in plugins])
    variable = map(str.strip, os.environ.get("GANZOO_DISABLE_PLUGINS", "").split(","))
    off = {*disabled, *filter(None, variable)}
    return [_disable(plugin) if _is_disabled(plugin, off) else plugin for plugin in plugins]


def require_plugins(files: Collection[Path], disabled: Collection[str], override: Collection[str]) -> None:
    """Raise the error of a choice of plugins that are not there: PluginError for a file, ConfigError for a name."""
    from ganzoo.errors import PluginError

    for path in files:
        if path.suffix != ".py" or not path.expanduser().is_file():
            raise PluginError("--plugin takes a Python file", where=str(path), hint="--plugin my_loss.py")
    found = find_plugins(disabled)
    own = [Plugin(path.name, aliases=(path.stem,)) for path in files]
    built_in = [Plugin(info.builtin, builtin=True) for info in KIND_INFO.values()]
    for name in override:
        if not any(plugin.name == name or plugin.answers_to(name) for plugin in (*found, *own, *built_in)):
            raise unknown_plugin(name, [plugin.name for plugin in (*built_in, *found, *own)])


def _is_disabled(plugin: Plugin, names: Collection[str]) -> bool:
    return any(name in _ALL or plugin.is_called(name) for name in names)


def _disable(plugin: Plugin) -> Plugin:
    return replace(plugin, state="disabled", fault="")  # nobody asks what is wrong with it


def _read_plugins() -> list[Plugin]:
    """Return the plugins of all distributions on the path; of two with one name the first counts, as for Python."""
    found: dict[str, list[Plugin]] = {}
    for distribution in _find_distributions(tuple(_stamp_path())):
        if plugins := _read_distribution(distribution):
            found.setdefault(_normalise(plugins[0].name.partition(":")[0]), plugins)
    return sorted((plugin for plugins in found.values() for plugin in plugins), key=lambda plugin: plugin.name)


def _stamp_path() -> Iterator[tuple[str, int]]:
    """Yield the folders in which Python looks for packages, with the time at which one was added or removed last."""
    for folder in sys.path:
        with suppress(OSError):
            yield folder, Path(folder or ".").stat().st_mtime_ns


@lru_cache(maxsize=1)
def _find_distributions(path: tuple[tuple[str, int], ...]) -> list[Distribution]:
    """Return the distributions on the path that have plugins; a command asks for them several times."""
    from importlib.metadata import distributions  # not at the top: help needs only names

    return [distribution for distribution in distributions() if _has_plugins(distribution)]


def _has_plugins(distribution: Distribution) -> bool:
    try:
        return "[ganzoo]" in (distribution.read_text("entry_points.txt") or "")
    except UnicodeDecodeError:  # it cannot even be told
        return False


def _read_distribution(distribution: Distribution) -> list[Plugin]:
    """Return the plugins of one distribution; damaged files make it a broken one, if it can be named at all."""
    name, version = _read_fields(distribution)
    points = _read_points(distribution)
    if name and points:
        return [_read_point(name, version, point, alone=len(points) == 1) for point in points.values()]
    known = name or next(iter(points), "")
    fault = f"its {'entry_points.txt' if name else 'METADATA'} is damaged: install it again"
    return [Plugin(known, version, state="broken", fault=fault)] if known else []


def _read_point(distribution: str, version: str, point: EntryPoint, *, alone: bool) -> Plugin:
    """Return the plugin of one entry point."""
    name = distribution if alone else f"{distribution}:{point.name}"
    aliases = tuple(alias for alias in dict.fromkeys([distribution, point.name]) if alias != name)
    plugin = Plugin(name, version, aliases=aliases, point=point)
    if point.pattern.match(point.value):
        return plugin
    return replace(plugin, state="broken", fault=f"its entry point {point.value!r} is not a module")


def _read_fields(distribution: Distribution) -> tuple[str, str]:
    """Return name and version, which METADATA has; empty where that is damaged."""
    try:
        metadata = distribution.metadata
    except Exception:  # whatever the parser raises
        return "", ""
    name, version = (str(metadata[key] or "") if key in metadata else "" for key in ("Name", "Version"))
    return name, version


def _read_points(distribution: Distribution) -> dict[str, EntryPoint]:
    """Return the entry points by name, sorted; none where they are damaged."""
    try:
        points = {point.name: point for point in distribution.entry_points if point.group == "ganzoo"}
    except Exception:  # whatever the parser raises
        return {}
    return {name: points[name] for name in sorted(points)}


def tolerate_damage() -> None:
    """Make this process treat a package whose entry_points.txt is damaged as one without entry points.

    torch, triton and pydantic read the entry points of every package to find their own extensions, and would fail.
    """
    from importlib.metadata import Distribution, EntryPoints

    read: Any = vars(Distribution)["entry_points"].fget

    def read_or_none(distribution: Distribution) -> EntryPoints:
        try:
            return read(distribution)  # type: ignore[no-any-return]
        except Exception:  # whatever the parser raises
            return EntryPoints()

    Distribution.entry_points = property(read_or_none)  # type: ignore[assignment,method-assign]


def unknown_plugin(name: str, known: Collection[str]) -> ConfigError:
    """Return the error for a plugin that is not installed, with the nearest name that is."""
    from ganzoo.errors import ConfigError
    from ganzoo.settings.options import did_you_mean

    return ConfigError(f"no plugin is named {name!r}.{did_you_mean(name, known)}", hint="ganzoo plugins")
