"""The zoo by its names, docstrings and options, without torch: what ships from index.json, plugins from a cache.

    python -m ganzoo.zoo.index    writes index.json anew, after a change of a built-in component

A plugin whose description is not in the cache is loaded once with all others. An entry holds for the plugin's files as
they were, and for the packages that were installed beside it.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from ganzoo.files import cache_folder, read_regular, write_atomically
from ganzoo.settings.kinds import Kind
from ganzoo.settings.options import check_values
from ganzoo.settings.sections import Choice
from ganzoo.zoo.catalogue import Zoo
from ganzoo.zoo.description import IndescribableError, describe, restore
from ganzoo.zoo.installed import Plugin, find_plugins

INDEX = Path(__file__).with_name("index.json")
MOST_BYTES = 10_000_000
"""Size of an index: forty times that of what ships."""


class Index(Zoo):
    """A zoo whose components have names, docstrings and options, but no code."""

    def create(self, kind: Kind, choice: Choice) -> Any:
        """Check the options of a component, and return its class without code. Raises ConfigError as a zoo does."""
        entry = self.entry(kind, choice.name)
        values = check_values(entry.schema, choice.options, kind)
        if values and (module := getattr(entry.component, "code_of", "")):  # a check of its own, of a built-in
            getattr(import_module(module), entry.component.__name__)(**values)
        return entry.component


def load_index(
    *, files: Iterable[Path] = (), disabled: Collection[str] = (), override: Collection[str] = ()
) -> Index | None:
    """Return the zoo by its index, or None if a plugin has to be loaded first. Raises what `load_zoo` raises."""
    plugins = [*find_plugins(disabled), *(Plugin(path.name, path=path.expanduser().absolute()) for path in files)]
    known = [_recall(plugin) for plugin in plugins]
    index = Index(override=tuple(override))
    for plugin in (*_read_built_in(), *known):
        if plugin is None:
            return None
        index.register(plugin)
    index.check_overrides()
    return index


def remember(plugin: Plugin) -> None:
    """Write the description of a plugin that was loaded well into the cache; a cache that cannot be written is none."""
    if plugin.builtin or plugin.state != "ok" or _recall(plugin) is not None:
        return
    with suppress(OSError, IndescribableError):
        path, described = _place(plugin), describe(plugin)
        if path is None or any("code" in each for kind in described["offered"].values() for each in kind.values()):
            return
        values = {"key": _key(plugin), "files": _stamp(_files_of(plugin)), "plugin": described}
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(values).encode())


def _recall(plugin: Plugin) -> Plugin | None:
    """Return a found plugin with what the cache knows of it; None if it has to be loaded."""
    if plugin.state != "ok":
        return plugin
    try:
        if (path := _place(plugin)) is None:
            return None
        values = json.loads(read_regular(path, MOST_BYTES))
        if values["key"] != _key(plugin) or not values["files"] or values["files"] != _stamp(values["files"]):
            return None
        known = restore(values["plugin"])
    except (OSError, ValueError, LookupError, TypeError, AttributeError):  # absent, damaged, or of a stranger
        return None
    return replace(known, point=plugin.point, path=plugin.path)


def _read_built_in() -> list[Plugin]:
    return [restore(each) for each in json.loads(INDEX.read_bytes())]


def _place(plugin: Plugin) -> Path | None:
    """Return the file of a plugin in the cache; None without a home directory."""
    if (folder := cache_folder("plugins")) is None:
        return None
    return folder / f"{hashlib.sha256(f'{plugin.name} {plugin.path}'.encode()).hexdigest()[:32]}.json"


def _key(plugin: Plugin) -> list[str]:
    """Return all that a description depends on beside the plugin's files."""
    origin = str(plugin.path or (plugin.point.value if plugin.point else ""))
    return [
        plugin.name,
        plugin.version,
        origin,
        sys.version,
        hashlib.sha256(INDEX.read_bytes()).hexdigest(),
        _packages(),
    ]


@cache
def _packages() -> str:
    """Return a hash of the names and versions of all installed packages, as their folders say."""
    found = []
    for place in dict.fromkeys(sys.path):
        with suppress(OSError):
            found += [str(path) for path in Path(place).iterdir() if path.suffix in (".dist-info", ".pth")]
    return hashlib.sha256("\n".join(sorted(found)).encode()).hexdigest()


def _files_of(plugin: Plugin) -> list[str]:
    """Return the modules of a loaded plugin: those that were imported from its folder."""
    name = plugin.point.module.partition(".")[0] if plugin.point else ""
    main = plugin.path or Path(getattr(sys.modules.get(name), "__file__", None) or "")
    modules = [str(getattr(module, "__file__", None) or "") for module in list(sys.modules.values())]
    alone = plugin.path is None and main.name != "__init__.py"
    return [str(main), *(path for path in modules if not alone and path != str(main) and _is_below(path, main.parent))]


def _is_below(path: str, folder: Path) -> bool:
    return path.endswith(".py") and path.startswith(f"{folder}{os.sep}")


def _stamp(paths: Iterable[str]) -> dict[str, list[int]]:
    """Return the time and the size of each file. Raises OSError if one is gone."""
    stats = {path: Path(path).stat() for path in paths}
    return {path: [stat.st_mtime_ns, stat.st_size] for path, stat in stats.items()}


def write_index() -> None:
    """Describe the built-ins as they are now in index.json."""
    from ganzoo.zoo.plugins import BUILTIN, load_builtin

    described = [describe(load_builtin(name)) for name in BUILTIN]
    INDEX.write_text(json.dumps(described, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_index()
