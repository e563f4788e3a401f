"""A setting on one screen: its meaning, type, range and default, the recipes that set it, and how it is typed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from textwrap import wrap
from typing import TYPE_CHECKING, Any, cast

from ganzoo.settings.docs import describe_options
from ganzoo.settings.kinds import ALL_KINDS, KIND_INFO, NAMED_KINDS
from ganzoo.settings.options import Option, list_options
from ganzoo.settings.sections import SECTIONS
from ganzoo.settings.spelling import spell
from ganzoo.zoo.aliases import typed_flag

if TYPE_CHECKING:
    from ganzoo.cli.flags import PluginChoice
    from ganzoo.settings.kinds import Kind
    from ganzoo.zoo.catalogue import Entry

WIDTH = 80


def explain_setting(name: str, plugins: PluginChoice) -> str:
    """Return the text about "section.option", a section or an option of one; empty for anything else."""
    section, dot, option = name.strip().lower().partition(".")
    if section in SECTIONS and not option:
        return _section(section)
    if section in SECTIONS:
        return _setting(section, option)
    if section in ALL_KINDS and dot:
        return _component_option(section, option, plugins)
    found = [
        f"{each}.{spell(section, _names(each))}" for each in SECTIONS if spell(section, _names(each)) in _names(each)
    ]
    return "\n\n".join(explain_setting(each, plugins) for each in found) if not dot else ""


def list_settings() -> list[str]:
    """Return the settings that are no options of components."""
    return [f"{section}.{name}" for section in SECTIONS for name in _names(section)]


def _names(section: str) -> list[str]:
    return [option.name for option in list_options(SECTIONS[section])]


def _section(section: str) -> str:
    """Return the settings of a section, a line or two each."""
    about = (SECTIONS[section].__doc__ or "").partition("\n")[0]
    docs = describe_options(SECTIONS[section])
    width = max(map(len, _names(section))) + 2
    rows = [line for name in _names(section) for line in _paragraph(f"  {name:{width}}", docs[name])]
    return "\n".join([about, "", *rows, "", f"one of them: ganzoo explain {section}.{_names(section)[0]}"])


def _paragraph(label: str, text: str) -> list[str]:
    return wrap(text, WIDTH, initial_indent=label, subsequent_indent=" " * len(label))


def _setting(section: str, option: str) -> str:
    """Return the text about one setting; empty if the section has no such option."""
    schema, name = SECTIONS[section], spell(option, _names(section))
    found = next((each for each in list_options(schema) if each.name == name), None)
    if found is None:
        return ""
    key = f"{section}.{name}"
    lines = [*wrap(f"{key}: {describe_options(schema)[name]}", WIDTH), "", f"type      {found.type}"]
    lines += [f"default   {found.shown_default}", f"typed     {_typed(key, found.default)}"]
    return "\n".join([*lines, *_in_recipes(key), "see also  ganzoo config show"])


def _typed(key: str, default: Any) -> str:
    """Return how a setting is typed on the command line, with its default as the value."""
    from ganzoo.cli.hints import accepted_flags
    from ganzoo.cli.run import run
    from ganzoo.cli.settings import flag_of
    from ganzoo.settings.toml import to_toml

    value = to_toml(default).strip('"') or "VALUE"
    flag = flag_of(key)
    return f"--set {key}={value}" + (
        f", or {flag} {value}" if flag in accepted_flags(run) and not isinstance(default, bool) else ""
    )


def _in_recipes(key: str) -> list[str]:
    """Return a paragraph with the recipes that set a setting."""
    from ganzoo.zoo.recipes import list_recipes

    values = [f"{recipe.name} {recipe.values[key]}" for recipe in list_recipes() if key in recipe.values]
    return _paragraph("recipes   ", ", ".join(values)) if values else []


def _component_option(kind: str, option: str, plugins: PluginChoice) -> str:
    """Return the text about an option of the components of one kind; empty if none has it."""
    parts = option.split(".")  # lipschitz.sn.eps, of a sum
    entries = [entry for entry in plugins.load().entries(kind) if len(parts) == 1 or entry.name == parts[0]]  # type: ignore[arg-type]
    blocks: dict[str, list[str]] = {}
    for entry in entries:
        for each in entry.options:
            if each.name == spell(parts[-1], [o.name for o in entry.options]):
                text = "\n".join(
                    _about({"type": each.type, "default": each.shown_default}, entry.descriptions[each.name])
                )
                blocks.setdefault(text, []).append(entry.name)
    if not blocks:
        return ""
    title = f"{kind}.{option}: option of the {KIND_INFO[cast('Kind', kind)].title}"
    shown = ["\n".join([*wrap(", ".join(names), WIDTH), text]) for text, names in blocks.items()]
    recipes = _in_recipes(f"{kind}.{option}")
    first = next(iter(blocks.values()))[0]
    typed = [_typed_named(entry, parts[-1]) for entry in entries if kind in NAMED_KINDS and entry.name == first]
    return "\n\n".join([title, *shown, "\n".join([*recipes, *typed, f"see also  ganzoo show {kind} {first}"])])


def _typed_named(entry: Entry, name: str) -> str:
    """Return the line that says how an option is typed of a component that another section names."""
    options = {option.name: option for option in entry.options}
    text = type_option(options[spell(name, options)])
    return f"typed     --set {entry.kind}.{entry.name}.{text}  (of a run with {typed_flag(entry.kind, entry.name)})"


def type_option(option: Option) -> str:
    """Return an option with its default as it is typed, subsets=100; VALUE stands for one that is required."""
    from ganzoo.settings.toml import to_toml

    return f"{option.name}=" + ("VALUE" if option.shown_default == "required" else to_toml(option.default))


def _about(facts: Mapping[str, str], sentence: str) -> Iterator[str]:
    yield from wrap(sentence, WIDTH, initial_indent="  ", subsequent_indent="  ")
    for name, value in facts.items():
        yield f"  {name:8}{value}"
