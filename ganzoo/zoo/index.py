"""The zoo by its names, docstrings and options, without torch: index.json has those of what ships.

python -m ganzoo.zoo.index    writes index.json anew, after a change of a built-in component
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

from ganzoo.settings.kinds import Kind
from ganzoo.settings.options import check_values
from ganzoo.settings.sections import Choice
from ganzoo.zoo.catalogue import Zoo
from ganzoo.zoo.description import describe, restore
from ganzoo.zoo.installed import Plugin, find_plugins

INDEX = Path(__file__).with_name("index.json")
MOST_BYTES = 10_000_000
"""Size of an index: forty times that of what ships."""


class Index(Zoo):
    """A zoo whose components have names, docstrings and options, but no code."""

    def create(self, kind: Kind, choice: Choice, section: str = "") -> Any:
        """Check the options of a component, and return its class without code. Raises ConfigError as a zoo does."""
        entry = self.entry(kind, choice.name)
        values = check_values(entry.schema, choice.options, section or kind)
        if values and (module := getattr(entry.component, "code_of", "")):  # a check of its own, of a built-in
            getattr(import_module(module), entry.component.__name__)(**values)
        return entry.component


def load_index(
    recall: Callable[[Plugin], Plugin | None] = lambda plugin: None,
    *, files: Iterable[Path] = (), disabled: Collection[str] = (), override: Collection[str] = (),
) -> Index | None:  # fmt: skip
    """Return the zoo by its index, or None if a plugin has to be loaded first. Raises what `load_zoo` raises.

    `recall` returns a plugin that was found with what is known of it, or None.
    """
    plugins = [*find_plugins(disabled), *(Plugin(path.name, path=path.expanduser().absolute()) for path in files)]
    known = [recall(plugin) if plugin.state == "ok" else plugin for plugin in plugins]
    index = Index(override=tuple(override))
    for plugin in (*_read_built_in(), *known):
        if plugin is None:
            return None
        index.register(plugin)
    index.check_overrides()
    return index


def _read_built_in() -> list[Plugin]:
    return [restore(each) for each in json.loads(INDEX.read_bytes())]


def write_index() -> None:
    """Describe the built-ins as they are now in index.json."""
    from ganzoo.zoo.plugins import BUILTIN, load_builtin

    described = [describe(load_builtin(name)) for name in BUILTIN]
    INDEX.write_text(json.dumps(described, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_index()
