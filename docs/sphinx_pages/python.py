"""Reference of Python: contracts, hooks, and all names of `import ganzoo`, for autodoc to fill in."""

from __future__ import annotations

import inspect
from collections.abc import Iterable

import ganzoo
from ganzoo.settings.kinds import KIND_INFO

GROUPS = {
    "Errors": lambda value: inspect.isclass(value) and issubclass(value, BaseException),
    "Functions": lambda value: inspect.isfunction(value),
    "Classes": lambda value: inspect.isclass(value),
    "Types of options, and further names": lambda value: True,
}
"""Titles of the page of names, each with what belongs there; the first that fits takes a name."""


def pages() -> dict[str, str]:
    """Return the pages: name -> reStructuredText."""
    contracts = [info.contract for info in KIND_INFO.values()]
    others = [name for name in ganzoo.__all__ if name not in contracts]
    return {
        "python.rst": title("Python") + ABOUT_PYTHON + "".join(groups(others)),
        "contracts.rst": title("Contracts") + ABOUT_CONTRACTS + "".join(map(entry, contracts)),
        "hooks.rst": title("Hooks") + ABOUT_HOOKS + "".join(map(hook, KIND_INFO.values())),
    }


ABOUT_PYTHON = """
The names of ``import ganzoo`` that are no contracts. :doc:`/docs/quickstart` shows them at work.

"""
ABOUT_CONTRACTS = """
A component is a frozen dataclass that subclasses the contract of its kind; its fields are its options.
:doc:`/docs/writing-a-plugin` has an example of each.

"""
ABOUT_HOOKS = """
A plugin is a module with functions of these names, each marked ``@ganzoo.hookimpl``, and an entry point in the group
``ganzoo``. Each returns ``{name: class}``. A plugin that needs at least a certain version of hooks and contracts has
``GANZOO_API`` in its module; the version of today is ``ganzoo.API_VERSION``.

"""


def title(text: str, line: str = "=") -> str:
    """Return a heading."""
    return f"{text}\n{line * len(text)}\n"


def groups(names: Iterable[str]) -> Iterable[str]:
    """Yield the names in their groups, each under its title."""
    left = dict.fromkeys(names)
    for heading, fits in GROUPS.items():
        found = [name for name in left if fits(getattr(ganzoo, name))]
        for name in found:
            del left[name]
        yield title(heading, "-") + "\n" + "".join(map(entry, found))


def entry(name: str) -> str:
    """Return the directive that documents a public name."""
    value = getattr(ganzoo, name)
    directive = "autoclass" if inspect.isclass(value) else "autofunction" if inspect.isfunction(value) else "autodata"
    return f".. {directive}:: ganzoo.{name}\n\n"


def hook(info: object) -> str:
    """Return the directive that documents the hook of a kind."""
    return f".. autofunction:: ganzoo.hookspecs.{info.hook}\n\n"  # type: ignore[attr-defined]
