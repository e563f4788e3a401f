"""`ganzoo plugins`."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from ganzoo.cli.settings import PluginChoice


@click.command(short_help="List plugins and their state.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array on stdout.")
@click.pass_obj
def plugins(choice: PluginChoice, as_json: bool) -> None:
    """List the built-in and installed plugins: ok, broken (and why) or disabled."""
    from ganzoo.cli.terminal import print_table

    rows = [asdict(plugin) for plugin in choice.load().plugins]
    click.echo(json.dumps(rows, indent=2)) if as_json else print_table(rows)
