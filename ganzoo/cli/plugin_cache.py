"""A cache of what plugins bring, so that names, docstrings and options are there without importing them.

An entry holds for the plugin's files as they were, and for the packages that were installed beside it. A plugin that
has none is loaded once, with all others.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

from ganzoo.files import cache_folder, read_regular, write_atomically
from ganzoo.zoo.description import IndescribableError, describe, restore
from ganzoo.zoo.index import INDEX
from ganzoo.zoo.installed import Plugin

MOST_BYTES = 10_000_000
"""Size of an entry: a hundred times that of all that ships."""


def remember(plugin: Plugin) -> None:
    """Write the description of a plugin that was loaded well into the cache; a cache that cannot be written is none."""
    if plugin.builtin or plugin.state != "ok" or recall(plugin) is not None:
        return
    with suppress(OSError, IndescribableError):
        path, described = _place(plugin), describe(plugin)
        if path is None or any("code" in each for kind in described["offered"].values() for each in kind.values()):
            return
        values = {"key": _key(plugin), "files": _stamp(_files_of(plugin)), "plugin": described}
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(values).encode())


def recall(plugin: Plugin) -> Plugin | None:
    """Return a found plugin with what the cache knows of it; None if it has to be loaded."""
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


def _place(plugin: Plugin) -> Path | None:
    """Return the file of a plugin in the cache, which several ganzoos may share; None without a home directory."""
    if (folder := cache_folder("plugins")) is None:
        return None
    return folder / f"{hashlib.sha256(f'{plugin.name} {plugin.path} {INDEX}'.encode()).hexdigest()[:32]}.json"


def _key(plugin: Plugin) -> list[str]:
    """Return all that a description depends on beside the plugin's files."""
    origin = str(plugin.path or (plugin.point.value if plugin.point else ""))
    return [
        plugin.name,
        "" if plugin.path else plugin.version,  # that of a file is known once it is read
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
