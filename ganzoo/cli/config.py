"""`ganzoo config`: show, diff, schema and validate."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cli.flags import PluginChoice, settings_options
from ganzoo.cli.grouped_help import GroupedCommand
from ganzoo.cli.setting_sources import compare_rows, find_run, read_run, read_source
from ganzoo.cli.settings import read_settings

if TYPE_CHECKING:
    from ganzoo.settings.merge import Settings
    from ganzoo.zoo.catalogue import Zoo


@click.group(short_help="Show, compare or check settings.")
def config() -> None:
    """Show, compare or check settings, without training."""


@config.command(cls=GroupedCommand, short_help="Show every setting and the origin of its value.")
@settings_options
@click.option("--long", "is_long", is_flag=True, help="Also print what each setting means.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
@click.pass_obj
def show(plugins: PluginChoice, /, recipe: str | None, is_long: bool, as_json: bool, **flags: Any) -> None:
    """Show every setting: its value, the origin of the value, and the paper.

    \b
    ganzoo config show --loss wgan --lipschitz gp
    ganzoo config show sngan --dataset mnist --long
    ganzoo config show @last

    RECIPE is a recipe, a file, or a run that was trained: a folder, @last, @best.
    """
    settings = _read(plugins, recipe, flags)

    from ganzoo.cli.terminal import print_table
    from ganzoo.zoo.choices import explain

    zoo = plugins.describe()
    rows = explain(settings, zoo)
    if is_long:
        meanings = _meanings(settings, zoo)
        rows = [row | {"meaning": meanings.get(row["setting"], "")} for row in rows]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    elif is_long:
        click.echo("\n".join(line for row in rows for line in _describe(row)))
    else:
        print_table(rows)


def _read(plugins: PluginChoice, recipe: str | None, flags: Mapping[str, Any]) -> Settings:
    """Return the settings that flags make, or those of a run. Raises ConfigError for a run with flags."""
    from ganzoo.errors import ConfigError

    run = find_run(recipe) if recipe and not recipe.endswith(".toml") else None
    if run is None:
        return read_settings(plugins, recipe, **flags)
    if given := [name for name, value in flags.items() if value not in (None, False, ())]:
        what = f"a run has the settings that it was trained with, and --{given[0].replace('_', '-')} cannot change them"
        raise ConfigError(what, where=str(run), hint=f"ganzoo config show {run}")
    return read_run(run)


def _meanings(settings: Settings, zoo: Zoo) -> dict[str, str]:
    """Return a sentence for every setting of a run."""
    from ganzoo.settings.docs import describe_options
    from ganzoo.settings.kinds import KIND_INFO, KINDS, NAMED_KINDS
    from ganzoo.settings.sections import SECTIONS

    found = {
        f"{name}.{key}": text for name, schema in SECTIONS.items() for key, text in describe_options(schema).items()
    }
    for kind in KINDS:
        choice = settings.run.choice(kind)
        found[f"{kind}.name"] = f"Name of the {KIND_INFO[kind].title}."
        for part in choice.parts() if choice.name != "auto" else ():
            prefix = kind if part is choice else f"{kind}.{part.name}"
            found |= {f"{prefix}.{key}": text for key, text in zoo.entry(kind, part.name).descriptions.items()}
    for kind in NAMED_KINDS:
        for choice in settings.run.named(kind):
            about = zoo.entry(kind, choice.name).descriptions
            found |= {f"{kind}.{choice.name}.{key}": text for key, text in about.items()}
    return found


def _describe(row: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines about one setting: the value and its origin, then the meaning."""
    yield f"{row['setting']} = {row['value']}  ({row['origin']})"
    yield from wrap(row["meaning"], 80, initial_indent="    ", subsequent_indent="    ")


@config.command(short_help="Show the settings that differ between two runs or recipes.")
@click.argument("one", metavar="A")
@click.argument("other", metavar="B")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
@click.pass_obj
def diff(plugins: PluginChoice, one: str, other: str, as_json: bool) -> None:
    """Show the settings whose values differ between A and B, with the origin of each.

    \b
    ganzoo config diff wgan wgan_gp
    ganzoo config diff @last sngan
    ganzoo config diff runs/first mine.toml

    A and B are recipes, files, or runs: a folder, @last, @best.
    """
    pair = [read_source(word, plugins) for word in (one, other)]

    from ganzoo.cli.terminal import print_table
    from ganzoo.zoo.choices import explain

    rows = compare_rows(*(explain(settings, plugins.describe()) for settings in pair))
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    elif not rows:
        click.echo(f"{one} and {other} have the same settings")
    else:
        print_table(_side_by_side(rows, (one, other)))


def _side_by_side(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[dict[str, Any]]:
    """Return rows for a terminal: each value with its origin behind it."""
    first, second = names if names[0] != names[1] else (f"{names[0]} (A)", f"{names[1]} (B)")

    def shown(row: Mapping[str, Any], side: str) -> str:
        value, origin = row[side], row[f"origin_{side}"]
        return "-" if value is None else f"{value}  ({origin})" if origin else str(value)

    return [{"setting": row["setting"], first: shown(row, "a"), second: shown(row, "b")} for row in rows]


@config.command(short_help="Print a JSON schema of recipe files, for editors.")
@click.option("-o", "--out", type=click.Path(path_type=Path, dir_okay=False), help="File to write.  [default: stdout]")
@click.pass_obj
def schema(plugins: PluginChoice, out: Path | None) -> None:
    """Print a JSON schema of recipe files: sections, options, types, ranges, and what they mean.

    \b
    ganzoo config schema -o ganzoo.schema.json

    Even Better TOML and taplo complete and check a recipe whose first line is
    #:schema ./ganzoo.schema.json
    """
    from ganzoo.files import write_output
    from ganzoo.zoo.schema import make_schema

    text = json.dumps(make_schema(plugins.describe()), indent=2)
    if out is None:
        click.echo(text)
        return
    write_output(out, f"{text}\n".encode())
    click.echo(f"wrote {out}; the first line of a recipe beside it: #:schema ./{out.name}")


@config.command(short_help="Check a recipe file.")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def validate(plugins: PluginChoice, file: Path) -> None:
    """Check the names, options, types and ranges of a recipe FILE. Exit code 2 if any is refused.

    \b
    ganzoo config validate mine.toml
    """
    from ganzoo.zoo.recipes import read_recipe, settle

    recipe = read_recipe(file)
    settings = settle(recipe=recipe, known=plugins.known_names(recipe.values))

    from ganzoo.zoo.choices import check

    check(settings.run, plugins.describe())
    click.echo(f"{file}: valid, {settings.run.title}")
