"""`ganzoo explain`."""

from __future__ import annotations

from itertools import groupby

import click

from ganzoo.cli.completers import complete_topic
from ganzoo.cli.flags import PluginChoice


@click.command(short_help="Explain a loss, an enforcer, a score, a failure, a setting.")
@click.argument("topic", nargs=-1, shell_complete=complete_topic)
@click.pass_obj
def explain(plugins: PluginChoice, topic: tuple[str, ...]) -> None:
    """Explain TOPIC on one screen; without one, list all topics.

    \b
    ganzoo explain gp
    ganzoo explain mode-collapse
    ganzoo explain weight clipping
    ganzoo explain optim.decay_over
    ganzoo explain train

    Each topic gives a definition and a formula, the purpose and the ways to
    fail, similar ideas it is not, matching settings of ganzoo, and the paper.
    Each setting has its meaning, type, range and default.
    """
    from ganzoo.cli.topics import list_topics

    if topic:
        click.echo(_explain(" ".join(topic), plugins))
        return
    for group, members in groupby(list_topics(), key=lambda each: each.group):
        click.echo(group)
        for each in members:
            click.echo(f"  {each.name:18} {each.title}")


def _explain(name: str, plugins: PluginChoice) -> str:
    """Return the text about a topic, a section or a setting. Raises ConfigError for a name that is none."""
    from ganzoo.cli.explain_setting import explain_setting, list_settings
    from ganzoo.cli.topics import find_topic, has_topic
    from ganzoo.errors import ConfigError
    from ganzoo.settings.options import did_you_mean

    if not has_topic(name) and (text := explain_setting(name, plugins)):
        return text
    if "." in name and not has_topic(name):
        hint = f"ganzoo explain {name.partition('.')[0]}; ganzoo config show"
        raise ConfigError(f"no setting is named {name!r}.{did_you_mean(name, list_settings())}", hint=hint)
    return find_topic(name).text
