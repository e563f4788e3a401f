"""`ganzoo push`."""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.cli.grouped_help import GroupedCommand


@click.command(cls=GroupedCommand, short_help="Send an exported folder to the Hugging Face hub.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("name")
@click.option("--private", is_flag=True, help="Make a new repository one that only its owner sees.")
def push(folder: Path, name: str, private: bool) -> None:
    """Send FOLDER (that `ganzoo export RUN DIR` wrote) to the hub as NAME, or OWNER/NAME.

    The weights, model.json, the card and its picture are sent, and nothing else. HF_TOKEN holds your token, HF_ENDPOINT
    names another hub.

    \b
    ganzoo export runs/NAME digits --card
    ganzoo push digits OWNER/digits
    """
    from ganzoo.export.hub import push as send

    click.echo(send(folder, name, private=private))
