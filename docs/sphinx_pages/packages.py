"""The packages beside ganzoo, as they lie in the checkout: what they register, whether they are installed or not."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import ganzoo
from ganzoo.zoo.catalogue import Zoo
from ganzoo.zoo.installed import Plugin, find_plugins
from ganzoo.zoo.plugins import call_hooks

ROOT = Path(__file__).parents[2]


def folders() -> Iterator[Path]:
    """Yield the folders of the packages."""
    yield from sorted(path.parent for path in (ROOT / "plugins").glob("*/pyproject.toml"))


@cache
def whole_zoo() -> Zoo:
    """Return the components that ship with ganzoo, and those of the packages beside it."""
    zoo = ganzoo.load_zoo(disabled=[plugin.name for plugin in find_plugins() if not plugin.builtin])
    for folder in folders():
        sys.path.insert(0, str(folder))
        plugin = Plugin(folder.name)
        call_hooks(plugin, import_module(folder.name.replace("-", "_")))
        zoo.register(plugin)
    return zoo
