"""Completions of words by the shell: names, recipes, settings, kinds and topics that ship. Nothing waits for torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Literal, cast, get_args, get_origin, get_type_hints

import click
from click.shell_completion import CompletionItem

from ganzoo.settings.kinds import KIND_INFO, KINDS, Kind
from ganzoo.settings.sections import SECTIONS


def complete_component(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the components that ship, of the kind that an option is called after; also behind a comma or a +."""
    kind = str(param.name)
    start = max(incomplete.rfind(sign) for sign in ",+") + 1
    head, word = incomplete[:start], incomplete[start:]
    names = (*KIND_INFO[cast("Kind", kind)].names, *(("auto",) if kind == "features" else ()))
    found = [CompletionItem(head + name) for name in names if name.startswith(word.lower())]
    return [*found, CompletionItem(incomplete, type="file")] if kind == "dataset" else found


def complete_word(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the words that the setting takes which an option is called after: --device is train.device."""
    return [CompletionItem(word) for word in _words(f"train.{param.name}") if word.startswith(incomplete.lower())]


def complete_recipe(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the recipes that begin with what was typed, and then files."""
    from ganzoo.zoo.recipes import folder

    names = sorted(path.stem for path in folder().glob("*.toml"))
    found = [CompletionItem(name) for name in names if name.startswith(incomplete.lower())]
    return [*found, CompletionItem(incomplete, type="file")]


def complete_setting(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the settings, "section.option=", that begin with what was typed; behind = the words of a list."""
    key, equals, value = incomplete.partition("=")
    if equals:
        return [CompletionItem(f"{key}={word}") for word in _words(key) if word.startswith(value)]
    names = [f"{section}.{each.name}" for section, schema in SECTIONS.items() for each in fields(schema)]
    return [CompletionItem(f"{name}=") for name in [*names, *_sections()] if name.startswith(incomplete)]


def _sections() -> Iterator[str]:
    """Yield the names of components, as settings: loss.name."""
    yield from (f"{kind}.name" for kind in KINDS)


def _words(key: str) -> list[str]:
    """Return the words that a setting takes; none if it takes numbers or text."""
    section, _, option = key.partition(".")
    if section in KINDS and option == "name":
        return list(KIND_INFO[section].names)
    if found := [info.names for info in KIND_INFO.values() if info.setting == key]:
        return list(found[0])
    hint = get_type_hints(SECTIONS[section]).get(option) if section in SECTIONS else None
    if hint is bool:
        return ["true", "false"]
    return list(get_args(hint)) if get_origin(hint) is Literal else []


def complete_topic(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the topics and settings that begin with what was typed."""
    from ganzoo.cli.topics import list_topics

    names = [topic.name for topic in list_topics()]
    names += [f"{section}.{each.name}" for section, schema in SECTIONS.items() for each in fields(schema)]
    return [CompletionItem(name) for name in names if name.startswith(incomplete.lower())]


def complete_name(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the components of the kind that was typed before, which begin with what was typed."""
    kind = str(ctx.params.get("kind", ""))
    if kind == "recipe":
        return complete_recipe(ctx, param, incomplete)
    names = KIND_INFO[cast("Kind", kind)].names if kind in KIND_INFO else ()
    return [CompletionItem(name) for name in names if name.startswith(incomplete.lower())]


def complete_kind(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the kinds that begin with what was typed."""
    return [CompletionItem(kind) for kind in (*KIND_INFO, "recipe") if kind.startswith(incomplete.lower())]
