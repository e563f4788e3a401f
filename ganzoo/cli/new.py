"""`ganzoo new plugin`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cli.ranges import one_of
from ganzoo.settings.kinds import ALL_KINDS

if TYPE_CHECKING:
    from ganzoo.settings.kinds import Kind


@click.group(short_help="Write a new package to fill in.")
def new() -> None:
    """Write a new package to fill in."""


@new.command(short_help="Write a plugin package.")
@click.argument("name", metavar="ganzoo-NAME")
@click.option("--kind", "kinds", type=one_of(*ALL_KINDS), multiple=True, required=True, metavar="KIND",
              help=f"What it adds to; may be repeated: {', '.join(ALL_KINDS)}.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Its folder.  [default: ./ganzoo-NAME]")
def plugin(name: str, kinds: tuple[Kind, ...], out: Path | None) -> None:
    """Write a package whose parts ganzoo finds once it is installed.

    \b
    ganzoo new plugin ganzoo-mine --kind loss
    ganzoo new plugin ganzoo-mine --kind model --kind dataset --out DIR

    It works as it is: a small part of each KIND, with its tests, a recipe
    and a README. docs/writing-a-plugin.md says what to make of it.
    """
    from ganzoo.cli.new_plugin import PREFIX, first_commands, plan_plugin, write_plugin

    planned, folder = plan_plugin(name, kinds), out or Path(name)
    files = write_plugin(planned, folder)
    if not name.startswith(PREFIX):
        click.echo(f"note: packages for ganzoo are mostly called {PREFIX}NAME, so that they are found", err=True)
    click.echo(f"wrote {folder}: {len(files)} files; now")
    for line in first_commands(planned, folder):
        click.echo(f"  {line}")
