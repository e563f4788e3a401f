"""The words of a command line that choose plugins, before or behind the name of a command."""

from __future__ import annotations

from collections.abc import Sequence

PLUGIN_FLAGS = frozenset({"--plugin", "--no-plugin", "--override"})
"""Flags that choose plugins, before or behind the name of a command."""


def plugins_first(args: Sequence[str]) -> list[str]:
    """Return the words of a command line with those that choose plugins first."""
    first: list[str] = []
    rest = list(args)
    for index in reversed(range(len(rest))):
        if "--" in rest[:index]:
            continue
        if rest[index] in PLUGIN_FLAGS and index + 1 < len(rest):
            first = [*rest[index : index + 2], *first]
            del rest[index : index + 2]
        elif rest[index].partition("=")[0] in PLUGIN_FLAGS and "=" in rest[index]:
            first = [rest.pop(index), *first]
    return first + rest
