"""`ganzoo plugins`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cli.flags import PluginChoice

if TYPE_CHECKING:
    from ganzoo.zoo.installed import Plugin

_WIDTH = 80
_KEYS = ("name", "version", "state", "fault", "remark", "hooks", "components", "seconds", "aliases", "builtin")
"""Keys of a plugin in the JSON array."""


@click.command(short_help="List plugins and their state.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array on stdout.")
@click.option("--traceback", metavar="NAME", help="Show where a broken plugin fails.")
@click.pass_obj
def plugins(choice: PluginChoice, as_json: bool, traceback: str | None) -> None:
    """List the built-in and installed plugins: ok, broken (and why) or disabled.

    With the seconds that each takes to import, what it brings, and what it changed that was put back.
    """
    zoo = choice.describe()
    if traceback is not None:
        plugin = zoo.plugin(traceback)
        click.echo(plugin.traceback.rstrip() or f"{plugin.label}: {_outcome(plugin)}")
    elif as_json:
        click.echo(json.dumps([_row(plugin) for plugin in zoo.plugins], indent=2))
    else:
        _print(zoo.plugins)


def _row(plugin: Plugin) -> dict[str, Any]:
    return {key: getattr(plugin, key) for key in _KEYS}


def _outcome(plugin: Plugin) -> str:
    return plugin.fault or plugin.state


def _print(plugins: Sequence[Plugin]) -> None:
    """Print a table of 80 columns; a long cell continues on the next line."""
    names, versions = (max(map(len, column)) for column in zip(*((p.name, p.version) for p in plugins), strict=True))
    names, versions = min(max(names, 4), 24), min(max(versions, 7), 12)
    left = names + 2 + versions + 2 + len("disabled") + 2 + len("seconds") + 2
    click.echo(f"{'name':{names}}  {'version':{versions}}  {'state':8}  seconds  brings")
    for plugin in plugins:
        cells = [wrap(plugin.name, names), wrap(plugin.version, versions), [plugin.state], [f"{plugin.seconds:7.2f}"]]
        texts = [line for text in _describe(plugin) for line in wrap(text, _WIDTH - left, subsequent_indent="  ")]
        for line in _lay_out([*cells, texts], (names, versions, 8, 7, 0)):
            click.echo(line)


def _lay_out(cells: Sequence[Sequence[str]], widths: Sequence[int]) -> Iterator[str]:
    """Yield the lines of one row; its longest cell decides how many."""
    for number in range(max(map(len, cells))):
        line = [cell[number] if number < len(cell) else "" for cell in cells]
        yield "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()


def _describe(plugin: Plugin) -> list[str]:
    """Return what a plugin brings, by kind, then its fault and its remark."""
    pairs = [component.partition(" ")[::2] for component in plugin.components] if plugin.state == "ok" else []
    kinds = [f"{kind}: {', '.join(name for _, name in group)}" for kind, group in groupby(pairs, lambda pair: pair[0])]
    said = [*kinds, *filter(None, [plugin.fault, plugin.remark])]
    return said or ["nothing" if plugin.state == "ok" else ""]
