"""`ganzoo show`."""

from __future__ import annotations

import click

from ganzoo.cli.flags import PluginChoice
from ganzoo.cli.list import KINDS_AND_RECIPE
from ganzoo.zoo.aliases import part_of_method


@click.command(short_help="Show one component: formula, paper, options and defaults.")
@click.argument("kind", type=click.Choice(KINDS_AND_RECIPE))
@click.argument("name")
@click.pass_obj
def show(plugins: PluginChoice, kind: str, name: str) -> None:
    """Show one component: its purpose, formula and paper, and its options with their defaults."""
    if kind == "recipe":
        from ganzoo.files import read_text
        from ganzoo.zoo.recipes import find_recipe

        click.echo(read_text(find_recipe(name).path).rstrip())
        return
    name = part_of_method(kind, name) or name
    plugins.known_names({f"{kind}.name": name, "eval.metrics": name * (kind == "metric")})

    from ganzoo.cli.terminal import print_table

    entry = plugins.load().entry(kind, name)  # type: ignore[arg-type]
    click.echo(f"{kind} {entry.name}  (plugin {entry.plugin})\n")
    click.echo(entry.help)
    rows = [
        {"option": f"{kind}.{option.name}", "type": option.type, "default": option.shown_default}
        for option in entry.options
    ]
    click.echo("")
    if rows:
        print_table(rows)
    else:
        click.echo("It has no options.")
