"""A JSON schema of recipe files, by which an editor completes and checks them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ganzoo.settings.docs import describe_options
from ganzoo.settings.kinds import DEFAULT_NAMES, KIND_INFO, KINDS, NAMED_KINDS, Kind
from ganzoo.settings.options import describe_json
from ganzoo.settings.sections import SECTIONS
from ganzoo.zoo.catalogue import Entry, Zoo


def make_schema(zoo: Zoo) -> dict[str, Any]:
    """Return the JSON schema, draft 2020-12, of a recipe with the components of a zoo."""
    sections: dict[str, Any] = {kind: _component_table(kind, zoo) for kind in KINDS}
    sections |= {name: _section_table(name, schema) for name, schema in SECTIONS.items()}
    sections |= {kind: _named_table(kind, zoo) for kind in NAMED_KINDS}
    source = {"type": "string", "description": "Paper that the values are from, and what departs from it."}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Recipe of ganzoo",
        "type": "object",
        "properties": {"source": source, **sections},
        "additionalProperties": False,
    }


def _section_table(name: str, schema: type) -> dict[str, Any]:
    docs = describe_options(schema)
    options = {key: {**value, "description": docs.get(key, "")} for key, value in describe_json(schema).items()}
    about = (schema.__doc__ or "").partition(": ")[2]
    return {"type": "object", "description": about, "properties": options, "additionalProperties": False}


def _named_table(kind: Kind, zoo: Zoo) -> dict[str, Any]:
    """Return the schema of the options of one kind whose components another section names: a table for each of them."""
    about = f"Options of what {KIND_INFO[kind].setting} names."
    return {"type": "object", "description": about, "properties": _tables(kind, zoo), "additionalProperties": False}


def _tables(kind: Kind, zoo: Zoo) -> dict[str, Any]:
    """Return the schema of a table of options for each component of one kind."""
    parts = {entry.name: _options_of([entry]) for entry in zoo.entries(kind)}
    return {name: {"type": "object", "properties": each, "additionalProperties": False} for name, each in parts.items()}


def _component_table(kind: Kind, zoo: Zoo) -> dict[str, Any]:
    """Return the schema of one kind: its names, the options of all, and which component takes which."""
    entries = zoo.entries(kind)
    names = [entry.name for entry in entries] + (["auto"] if kind == "features" else [])
    about = f"Name of the {KIND_INFO[kind].title}."
    chosen: dict[str, Any] = {"type": "string", "description": about, "default": DEFAULT_NAMES[kind]}
    if KIND_INFO[kind].sums:  # a sum has names with + between them, and a table of options for each part
        chosen |= {"anyOf": [{"enum": names}, {"pattern": r"^[^+]+(\+[^+]+)+$"}]}
    else:
        chosen |= {"enum": names}
    tables = _tables(kind, zoo) if KIND_INFO[kind].sums else {}
    properties = {"name": chosen, **_options_of(entries), **tables}
    return {
        "type": "object", "description": f"The {KIND_INFO[kind].title} and its options.", "properties": properties,
        "additionalProperties": False, "allOf": [_rule(entry, DEFAULT_NAMES[kind]) for entry in entries],
    }  # fmt: skip


def _rule(entry: Entry, default: str) -> dict[str, Any]:
    """Return the rule that a table which names a component has its options alone; no name means the default."""
    named: dict[str, Any] = {"properties": {"name": {"const": entry.name}}}
    condition = named if entry.name == default else {**named, "required": ["name"]}
    options = describe_json(entry.schema)
    then: dict[str, Any] = {"propertyNames": {"enum": ["name", *options]}, "properties": options}
    return {"if": condition, "then": then}


def _options_of(entries: Iterable[Entry]) -> dict[str, Any]:
    """Return the options of some components, each with a sentence for every component that has it."""
    found: dict[str, list[tuple[Entry, Mapping[str, Any]]]] = {}
    for entry in entries:
        for key, value in describe_json(entry.schema).items():
            found.setdefault(key, []).append((entry, value))
    return {key: _merge(key, owners) for key, owners in found.items()}


def _merge(key: str, owners: list[tuple[Entry, Mapping[str, Any]]]) -> dict[str, Any]:
    texts: dict[str, list[str]] = {}
    for entry, _ in owners:
        texts.setdefault(entry.descriptions[key], []).append(entry.name)
    about = "\n".join(f"{', '.join(names)}: {text}" for text, names in texts.items())
    alike = all(value == owners[0][1] for _, value in owners)
    return (dict(owners[0][1]) if alike else {}) | {"description": about}
