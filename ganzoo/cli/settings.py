"""Words of the command line become settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganzoo.cli.flags import PluginChoice
    from ganzoo.settings.merge import Settings


def read_settings(
    plugins: PluginChoice, recipe: str | None, assignments: tuple[str, ...], file: Path | None = None, **flags: Any
) -> Settings:
    """Turn the flags into settings. Raises ConfigError, also for components that neither ganzoo nor a plugin has."""
    from ganzoo.zoo.recipes import find_recipe, settle

    recipe = choose_recipe(recipe, file)
    named = find_recipe(recipe) if recipe else None
    said, sets = read_flags(**flags), read_assignments(assignments)
    known = plugins.known_names({**(named.values if named else {}), **said, **sets})
    return settle(recipe=named, flags=said, sets=sets, known=known)


def flag_of(key: str) -> str:
    """Return the flag of a setting, "section.option"; empty if it has none."""
    from ganzoo.settings.keywords import KEYS

    return next((f"--{flag.replace('_', '-')}" for flag, setting in KEYS.items() if setting == key), "")


def choose_recipe(recipe: str | None, file: Path | None) -> str | None:
    """Return the recipe of an argument, or of --config. Raises ConfigError if both name one."""
    from ganzoo.errors import ConfigError

    if recipe and file:
        raise ConfigError(f"--config {file} and {recipe!r} both name a recipe", hint="leave out --config")
    return str(file) if file else recipe


def read_flags(**flags: Any) -> dict[str, Any]:
    """Turn the flags that were given into "section.option" -> value."""
    from ganzoo.settings.keywords import KEYS
    from ganzoo.settings.kinds import KINDS
    from ganzoo.settings.toml import parse_component

    keys = {**KEYS, "diagnose": "train.diagnose_every", "jobs": "engine.jobs", "address": "engine.address"}
    said: dict[str, Any] = {}
    for kind in KINDS:
        if (name := flags.pop(kind, None)) is not None:
            said |= parse_component(kind, name)
    if (rate := flags.pop("lr", None)) is not None:
        said |= {"optim.lr_g": rate, "optim.lr_d": rate}
    if flags.pop("no_scores"):
        said["eval.at_end"] = False
    if flags["inception_weights"] is not None:
        said = {"features.name": "inception"} | said
    if names := flags.pop("observer"):
        said["train.observe"] = ",".join(names)
    for flag, value in flags.items():
        if value is not None:
            said[keys[flag]] = str(value.expanduser().absolute()) if isinstance(value, Path) else value
    return said


def read_assignments(assignments: tuple[str, ...]) -> dict[str, Any]:
    """Turn the words of --set into settings. Raises ConfigError."""
    from ganzoo.settings.toml import parse_assignment

    return dict(map(parse_assignment, assignments))
