"""`ganzoo show`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from ganzoo.cli.completers import complete_kind, complete_name
from ganzoo.cli.explain_setting import type_option
from ganzoo.cli.flags import PluginChoice
from ganzoo.cli.kind_names import read_kind
from ganzoo.settings.kinds import KIND_INFO, NAMED_KINDS
from ganzoo.zoo.aliases import find_kinds, part_of_method, typed_flag

if TYPE_CHECKING:
    from ganzoo.settings.kinds import Kind


@click.command(short_help="Show one component: formula, paper, options and defaults.")
@click.argument("kind", shell_complete=complete_kind)
@click.argument("name", required=False, shell_complete=complete_name)
@click.pass_obj
def show(plugins: PluginChoice, kind: str, name: str | None) -> None:
    """Show one component: its purpose, formula and paper, and its options with their defaults.

    \b
    ganzoo show lipschitz gp
    ganzoo show recipe wgan_gp
    ganzoo show gp

    Without KIND, everything of that name is shown.
    """
    for index, (each, found) in enumerate(_find(plugins, kind, name)):
        click.echo("\n" * (index > 0), nl=False)
        if each == "recipe":
            _show_recipe(found)
        else:
            _show_component(plugins, each, found)  # type: ignore[arg-type]


def _find(plugins: PluginChoice, kind: str, name: str | None) -> list[tuple[str, str]]:
    """Return what is to be shown, as (kind, name). Raises ConfigError for a name that nothing has."""
    from ganzoo.cli.topics import has_topic
    from ganzoo.errors import ConfigError
    from ganzoo.settings.options import did_you_mean
    from ganzoo.zoo.names import NAMES

    if name is not None:
        kind, name = (kind, name) if read_kind(kind) or not read_kind(name) else (name, kind)
        if read_kind(kind):
            return [(read_kind(kind), name)]
        raise ConfigError(f"no kind is named {kind!r}. There are {', '.join(NAMES)}, recipe", hint="ganzoo list")
    if kind_meant := read_kind(kind):
        hint = f"ganzoo show {kind_meant} {_first_name(kind_meant)}; ganzoo list {kind_meant}"
        raise ConfigError(f"show {kind_meant} needs the name of one", hint=hint)
    if found := [*find_kinds(kind), *_recipes_named(kind)] or list(_find_in_plugins(plugins, kind)):
        return found
    known = sorted({name for names in NAMES.values() for name in names})
    hint = f"ganzoo list; ganzoo explain {kind}" if has_topic(kind) else "ganzoo list"
    raise ConfigError(f"nothing is named {kind!r}.{did_you_mean(kind, known)}", hint=hint)


def _first_name(kind: str) -> str:
    from ganzoo.zoo.names import NAMES

    return "wgan_gp" if kind == "recipe" else next(name for name in NAMES[kind] if name != "none")  # type: ignore[index]


def _recipes_named(word: str) -> list[tuple[str, str]]:
    from ganzoo.settings.spelling import spell
    from ganzoo.zoo.recipes import list_recipes

    names = [recipe.name for recipe in list_recipes()]
    return [("recipe", spell(word, names))] if spell(word, names) in names else []


def _find_in_plugins(plugins: PluginChoice, word: str) -> Iterator[tuple[str, str]]:
    """Yield the components of plugins that have this name."""
    from ganzoo.settings.spelling import spell
    from ganzoo.zoo.installed import find_plugins

    if plugins.files or any(plugin.enabled for plugin in find_plugins(plugins.disabled)):
        for kind, names in plugins.describe().names.items():
            if spell(word, names) in names:
                yield kind, spell(word, names)


def _show_recipe(name: str) -> None:
    from ganzoo.files import read_text
    from ganzoo.zoo.recipes import find_recipe

    click.echo(read_text(find_recipe(name).path).rstrip())


def _show_component(plugins: PluginChoice, kind: Kind, name: str) -> None:
    name = part_of_method(kind, name) or name
    plugins.known_names({KIND_INFO[kind].setting or f"{kind}.name": name})

    from ganzoo.cli.lines import wrap
    from ganzoo.cli.terminal import print_table, terminal_width

    entry = plugins.describe().entry(kind, name)
    click.echo(f"{kind} {entry.name}  (plugin {entry.plugin})\n")
    click.echo("\n".join(wrap(line, terminal_width(sys.stdout), "") for line in entry.help.splitlines()))
    section = f"{kind}.{entry.name}" if kind in NAMED_KINDS else kind
    rows = [
        {"option": f"{section}.{option.name}", "type": option.type, "default": option.shown_default}
        for option in entry.options
    ]
    click.echo("")
    if rows:
        print_table(rows)
    else:
        click.echo("It has no options.")
    if kind in NAMED_KINDS:
        click.echo(f"\nchosen by  {typed_flag(kind, entry.name)}")
        if entry.options:
            click.echo(f"option     --set {section}.{type_option(entry.options[0])}")
