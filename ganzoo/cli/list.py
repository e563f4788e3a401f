"""`ganzoo list`."""

from __future__ import annotations

import json

import click

from ganzoo.cli.flags import PluginChoice
from ganzoo.cli.kind_names import KindName


@click.command("list", short_help="List components and recipes.")
@click.argument("kind", required=False, type=KindName())
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
@click.pass_obj
def list_(plugins: PluginChoice, kind: str | None, as_json: bool) -> None:
    """List the components that can be combined, and the recipes."""
    from ganzoo.cli.terminal import print_table
    from ganzoo.zoo.recipes import list_recipes

    rows = [
        {"kind": entry.kind, "name": entry.name, "plugin": entry.plugin, "summary": entry.summary}
        for entry in plugins.describe().all_entries()
    ]
    rows += [
        {"kind": "recipe", "name": r.name, "plugin": r.plugin or "configs", "summary": r.fault or r.source}
        for r in list_recipes()
    ]
    rows = [row for row in rows if kind in (None, row["kind"])]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        print_table(rows)
