"""`ganzoo config show` and `ganzoo config validate`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ganzoo.cli.flags import PluginChoice, settings_options
from ganzoo.cli.settings import read_settings


@click.group(short_help="Show or check settings.")
def config() -> None:
    """Show or check settings, without training."""


@config.command(short_help="Show every setting and the origin of its value.")
@settings_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
@click.pass_obj
def show(plugins: PluginChoice, /, as_json: bool, **flags: Any) -> None:
    """Show every setting of a run with these flags: its value, the origin of the value, and the paper."""
    import json

    settings = read_settings(plugins, **flags)

    from ganzoo.cli.terminal import print_table
    from ganzoo.zoo.choices import explain

    rows = explain(settings, plugins.load())
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        print_table(rows)


@config.command(short_help="Check a recipe file.")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def validate(plugins: PluginChoice, file: Path) -> None:
    """Check the names, options, types and ranges of a recipe FILE. Exit code 2 if any is refused."""
    from ganzoo.zoo.recipes import read_recipe, settle

    recipe = read_recipe(file)
    settings = settle(recipe=recipe, known=plugins.known_names(recipe.values))

    from ganzoo.zoo.choices import check

    check(settings.run, plugins.load())
    click.echo(f"{file}: valid, {settings.run.title}")
