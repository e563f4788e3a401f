"""The words of a command line that choose plugins, and what is said of those that were loaded."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from ganzoo.cli.output import note

if TYPE_CHECKING:
    from ganzoo.zoo.catalogue import Zoo

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


def tell_faults(zoo: Zoo) -> None:
    """Print one line on stderr for each plugin that is broken or has a remark; the first rank does."""
    if os.environ.get("LOCAL_RANK", "0") != "0":
        return
    for plugin in zoo.plugins:
        if plugin.state == "broken":
            click.echo(f"ganzoo: plugin {plugin.label} is broken and left out: {plugin.fault}", err=True)
        elif plugin.remark:
            note(f"plugin {plugin.label}: {plugin.remark}")
