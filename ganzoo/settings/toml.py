"""Settings as text: a recipe's tables, flat keys "section.option", and values typed on the command line."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import tomli_w

from ganzoo.errors import ConfigError
from ganzoo.files import read_text
from ganzoo.settings.dataset_paths import looks_like_path, name_reader
from ganzoo.settings.kinds import DEFAULT_NAMES, KINDS, NAMED_KINDS, Kind
from ganzoo.settings.named import read_named
from ganzoo.settings.options import did_you_mean, shorten, validate
from ganzoo.settings.sections import SECTIONS, Choice, RunConfig
from ganzoo.settings.spelling import spell

MOST_RECIPE = 1_000_000  # bytes; a recipe is a page
DEEPEST = 8
"""Levels of tables and arrays in a recipe: four suffice for [recipe.METHOD.section] and a list in it."""
MOST_KEYS, MOST_DOTS = 10_000, 200  # tomllib takes seconds for ten times as many, and minutes for long dotted keys
SECTION_NAMES = (*KINDS, *SECTIONS, *NAMED_KINDS)
"""Sections of a recipe."""
LARGEST_INTEGER = 2**63 - 1  # that of TOML 1.0, which asks for an error beyond


def from_tables(tables: Mapping[str, Any]) -> RunConfig:
    """Make a RunConfig of a recipe's tables; what is absent gets its default. Raises ConfigError."""
    for section in tables:
        if section not in SECTION_NAMES:
            known = SECTION_NAMES
            what = f"unknown section [{section}].{did_you_mean(section, known)} There are {', '.join(known)}"
            raise ConfigError(what, hint="ganzoo config show  (shows all with their options)")
    for section, table in tables.items():
        if not isinstance(table, Mapping):
            raise ConfigError(f"[{section}] is not a table but {table!r}", hint="ganzoo show recipe wgan_gp")
    choices: dict[str, Any] = {kind: _choice(kind, tables.get(kind, {})) for kind in KINDS}
    sections: dict[str, Any] = {name: validate(schema, tables.get(name, {}), name) for name, schema in SECTIONS.items()}
    return RunConfig(**choices, **sections, options=read_named(tables, sections))


def _choice(kind: Kind, table: Mapping[str, Any]) -> Choice:
    name = table.get("name", DEFAULT_NAMES[kind])
    if not isinstance(name, str) or not name:
        raise ConfigError(f"{kind}.name: {name!r} is not a name", hint=f"ganzoo list {kind}")
    return Choice(name, {key: value for key, value in table.items() if key != "name"})


def to_tables(run: RunConfig) -> dict[str, dict[str, Any]]:
    """Turn a configuration into the tables of a recipe: the inverse of `from_tables`."""
    tables: dict[str, dict[str, Any]] = {}
    for kind in KINDS:
        choice = run.choice(kind)
        tables[kind] = {"name": choice.name, **choice.options}
    for name in SECTIONS:
        section = getattr(run, name)
        tables[name] = {option.name: getattr(section, option.name) for option in fields(section)}
    for kind in NAMED_KINDS:
        if options := {choice.name: dict(choice.options) for choice in run.named(kind) if choice.options}:
            tables[kind] = options
    return tables


def flatten(tables: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Turn nested tables into one table of dotted keys: {"a": {"b": 1}} -> {"a.b": 1}."""
    flat: dict[str, Any] = {}
    for key, value in tables.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


def unflatten(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Turn dotted keys into nested tables: {"a.b": 1} -> {"a": {"b": 1}}.

    Raises ConfigError if a key is both a value and a table.
    """
    tables: dict[str, Any] = {}
    for key, value in flat.items():
        *path, last = key.split(".")
        table = tables
        for name in path:
            table = table.setdefault(name, {})
            if not isinstance(table, dict):
                raise ConfigError(f"{key}: {name!r} is an option, not a section", hint="ganzoo config show")
        table[last] = value
    return tables


def parse_assignment(text: str) -> tuple[str, Any]:
    """Parse "optim.lr_g=1e-4" to ("optim.lr_g", 1e-4). The value is TOML, or a string if TOML cannot read it."""
    key, equals, value = text.partition("=")
    if not equals or "." not in key.strip("."):
        hint = _complete(key, value) or "--set optim.lr_g=1e-4"
        raise ConfigError(f"--set {shorten(text)} is not section.option=value", hint=hint)
    try:
        read = _toml_value(value.strip())
        _require_plain(read, key.count("."))
    except ValueError as error:
        raise ConfigError(f"--set {shorten(key)}: {error}", hint="--set optim.lr_g=1e-4") from error
    return _spell_key(key.strip()), read


def _spell_key(key: str) -> str:
    """Return a key with its section, and the option of a section, as they are known: OPTIM.LR-G is optim.lr_g."""
    section, _, option = key.partition(".")
    section = spell(section, SECTION_NAMES)
    known = [field.name for field in fields(SECTIONS[section])] if section in SECTIONS else []
    return f"{section}.{spell(option, known)}"


def _complete(option: str, value: str) -> str:
    """Return the flag of a kind, or the one with the section that has an option of this name, if one alone has it."""
    key, colon, after = option.partition(":")
    if colon and "." in key and not value:
        return f"--set {shlex.quote(f'{key}={after.strip()}')}"
    option, value = option.strip().lower(), value.strip()
    if value and (option in KINDS or option == "lr"):
        return f"--{option} {shlex.quote(value)}"
    sections = [name for name, schema in SECTIONS.items() if option in {field.name for field in fields(schema)}]
    return f"--set {shlex.quote(f'{sections[0]}.{option}={value}')}" if value and len(sections) == 1 else ""


def _toml_value(text: str) -> Any:
    """Return the value that TOML reads, or the text as it is. Raises ValueError if TOML reads more than fits."""
    try:
        tables = _parse(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    return tables["value"] if len(tables) == 1 else text


def _parse(text: str) -> dict[str, Any]:
    """Parse TOML. Raises ValueError, in words."""
    if text.count("=") + text.count("[") > MOST_KEYS or max(line.count(".") for line in text.split("\n")) > MOST_DOTS:
        raise ValueError(f"more than {MOST_KEYS:,} keys and brackets, or {MOST_DOTS} dots in a line")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except ValueError as error:  # Python reads no integer of more than 4,300 digits
        raise ValueError(f"an integer is beyond {LARGEST_INTEGER}") from error
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error


_TOO_DEEP = f"tables and arrays nest deeper than {DEEPEST} levels"


def _require_plain(value: Any, depth: int = 0) -> None:
    """Raise ValueError for tables and arrays that nest too deeply, and for integers that TOML does not allow."""
    if depth > DEEPEST:
        raise ValueError(_TOO_DEEP)
    if isinstance(value, Mapping | list):
        for inner in value.values() if isinstance(value, Mapping) else value:
            _require_plain(inner, depth + 1)
    elif isinstance(value, int) and not -LARGEST_INTEGER - 1 <= value <= LARGEST_INTEGER:
        raise ValueError(f"{shorten(value)} is beyond the integers of TOML, which end at {LARGEST_INTEGER}")


def to_toml(value: Any) -> str:
    """Write a value as `parse_assignment` reads it: "adam", 1e-4, [1, 2]."""
    return tomli_w.dumps({"value": value}).partition("=")[2].strip()


def parse_component(kind: Kind, text: str) -> dict[str, Any]:
    """Parse `--dataset folder:/photos` to {"dataset.name": "folder", "dataset.path": "/photos"}.

    The path is made absolute, so that the run can be resumed from anywhere. `--dataset ./photos`, a path alone, is
    read as "folder:./photos" if there is a folder, and likewise for an archive.
    """
    if kind == "dataset" and looks_like_path(text) and (reader := name_reader(Path(text).expanduser())):
        text = f"{reader}:{text}"
    if re.match(r"[A-Za-z]:[\\/]", text):  # a path of Windows
        return {f"{kind}.name": text}
    name, colon, path = text.partition(":")
    return {f"{kind}.name": name} | ({f"{kind}.path": str(Path(path).expanduser().absolute())} if colon else {})


def read_toml(path: Path) -> dict[str, Any]:
    """Read a recipe file. Raises ConfigError, naming the file, if it is absent, too large or not TOML."""
    try:
        tables = _parse(read_text(path, MOST_RECIPE))
        _require_plain(tables)
    except (OSError, ValueError) as error:  # ValueError: of UTF-8, of TOML, of numbers
        reason = str(getattr(error, "strerror", None) or error)
        raise ConfigError(f"cannot read the recipe: {reason}", where=str(path), hint="ganzoo list recipe") from error
    return tables


def read_flat(path: Path) -> dict[str, Any]:
    """Return the settings of a recipe by key: "section.option" -> value. Raises ConfigError.

    Recipes of many runs share most sections, and each section is parsed once: else TOML would take a third of the time
    of a table. A wrong cut cannot go unnoticed: a value of several lines that is cut is not valid TOML.
    """
    settings: dict[str, Any] = {}
    try:
        for section in re.split(r"^(?=\[)", read_text(path, MOST_RECIPE), flags=re.MULTILINE):
            settings |= _parse_section(section)
    except (OSError, ValueError, RecursionError):  # whose errors say what is wrong
        return flatten(read_toml(path))
    return settings


@cache
def _parse_section(text: str) -> Mapping[str, Any]:
    return flatten(tomllib.loads(text))
