"""`ganzoo explain`."""

from __future__ import annotations

from itertools import groupby

import click


@click.command(short_help="Explain a loss, an enforcer, a score, a failure, on one screen.")
@click.argument("topic", nargs=-1)
def explain(topic: tuple[str, ...]) -> None:
    """Explain TOPIC on one screen; without one, list all topics.

    \b
    ganzoo explain gp
    ganzoo explain mode-collapse
    ganzoo explain weight clipping

    Each topic gives a definition and a formula, the purpose and the ways to
    fail, similar ideas it is not, matching settings of ganzoo, and the paper.
    """
    from ganzoo.cli.topics import find_topic, list_topics

    if topic:
        click.echo(find_topic(" ".join(topic)).text)
        return
    for group, members in groupby(list_topics(), key=lambda each: each.group):
        click.echo(group)
        for each in members:
            click.echo(f"  {each.name:18} {each.title}")
