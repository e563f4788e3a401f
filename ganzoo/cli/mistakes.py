"""Mistakes of usage in the words and the form of all other errors: what is wrong, and what to type instead."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Sequence
from difflib import get_close_matches

import click

from ganzoo.cli.hints import accepted_flags, flags_of
from ganzoo.cli.peers import find_command, find_flags
from ganzoo.cli.ranges import OutOfRangeError
from ganzoo.cli.words import WORDS
from ganzoo.errors import ConfigError
from ganzoo.settings.kinds import KIND_INFO
from ganzoo.settings.numbers import read_number
from ganzoo.settings.options import shorten
from ganzoo.settings.spelling import spell
from ganzoo.zoo.aliases import find_kinds, part_of_method, typed_flag


def explain_usage(error: click.UsageError, words: Sequence[str], root: click.Group) -> ConfigError:
    """Return the error for a mistake that click found among the words of a command line."""
    command, path = _locate(error, words, root)
    if isinstance(error, click.NoSuchCommand) and isinstance(command, click.Group):
        return _no_command(error.command_name, path, command, words)
    if isinstance(error, click.NoSuchOption):
        return _no_option(error.option_name, path, command, words)
    if isinstance(error, click.MissingParameter):
        missing = error.param.opts[-1] if isinstance(error.param, click.Option) else _name_of(error.param)
        return ConfigError(f"{_said(path)}{missing} is missing", hint=_example(path, command))
    if isinstance(error, click.BadOptionUsage):
        return _no_value(error, path, command)
    if isinstance(error, click.BadParameter) and error.param:
        return _bad_value(error, error.param, path, words)
    if error.message.startswith("Got unexpected extra argument"):
        return _too_many(error, path, words)
    return ConfigError(f"{_said(path)}{_lower(error.format_message())}", hint=_help(path))


def _locate(error: click.UsageError, words: Sequence[str], root: click.Group) -> tuple[click.Command, str]:
    """Return the command whose words click read, and what is typed for it: "ganzoo config show"."""
    command, path, depth = root, ["ganzoo"], len(error.ctx.command_path.split()) if error.ctx else 9
    for word in words:
        if isinstance(command, click.Group) and word in command.commands and len(path) < depth:
            command, path = command.commands[word], [*path, word]  # type: ignore[assignment]
    return command, " ".join(path)


def _said(path: str) -> str:
    """Return the beginning of an error about a command; that of the program is there already."""
    name = path.removeprefix("ganzoo").strip()
    return f"{name}: " if name else ""


def _name_of(param: click.Parameter | None) -> str:
    return param.human_readable_name if param else "an argument"


def _lower(text: str) -> str:
    """Return a sentence of click as ours begin and end."""
    return text[:1].lower() + text[1:].rstrip(".")


def _help(path: str) -> str:
    return f"{path} --help"


def _retyped(words: Sequence[str]) -> str:
    return " ".join(["ganzoo", *map(shlex.quote, words)])


def _no_command(name: str, path: str, group: click.Group, words: Sequence[str]) -> ConfigError:
    """Return the error for a command that is not there, with the whole line as it may have been meant."""
    at = list(words).index(name)
    names = list(group.commands)
    meant = find_command(name) if path == "ganzoo" else ""
    near = spell(name, names) if spell(name, names) in names else ""
    close = near or meant or next(iter(get_close_matches(name, names, n=1)), "")
    if close in ("--help", "--version"):
        behind = [word for word in words[at + 1 :] if word in names][:1]
        return ConfigError(f"no command is named {name!r}", hint=_retyped([*words[:at], *behind, close]))
    if close:
        return ConfigError(
            f"no command is named {name!r}", hint=_retyped([*words[:at], *close.split(), *words[at + 1 :]])
        )
    if hint := _name_as_command(name) if path == "ganzoo" else "":
        return ConfigError(f"no command is named {name!r}", hint=hint)
    return ConfigError(f"no command is named {name!r}. There are {', '.join(sorted(names))}", hint=_help(path))


def _name_as_command(name: str) -> str:
    """Return what to type with the name of a component, or a recipe, that stands in the place of a command."""
    from ganzoo.zoo.recipes import list_recipes

    recipes = [recipe.name for recipe in list_recipes()]
    runs = (
        [f"ganzoo run {shlex.quote(spell(name, recipes))}"]
        if name.endswith(".toml") or spell(name, recipes) in recipes
        else []
    )
    return "; ".join([*runs, *(f"ganzoo show {kind} {each}" for kind, each in find_kinds(name))])


def _no_option(option: str, path: str, command: click.Command, words: Sequence[str]) -> ConfigError:
    """Return the error for an option that is not there, with what it is called here."""
    what, value = f"{_said(path)}there is no option {option}", _value_of(option, words)
    own = [flag for param in command.params for flag in param.opts]
    if path == "ganzoo" and not get_close_matches(option, own, n=1, cutoff=0.75):
        return ConfigError(what, hint=f"{_retyped(['run', *words])}; {_help(path)}")
    if option == "--seeds" and path == "ganzoo run":
        return ConfigError(what, hint=_retyped(["compare" if word == "run" else word for word in words]))
    known = accepted_flags(command)
    whole = next((word for word in words if len(option) == 2 and word.startswith(option) and len(word) > 2), "")
    if f"-{whole}".partition("=")[0] in known:  # -loss: one dash, and click read -l
        line = _retyped([f"-{word}" if word == whole else word for word in words])
        return ConfigError(f"{_said(path)}there is no option {whole}", hint=line)
    same = [spell(option, known)] if spell(option, known) in known else []
    fits = [_with_value(flag, value, command) for flag in same]
    fits += [flag for flag in find_flags(option, value) if known.issuperset(flags_of(flag))]
    near = [] if fits else get_close_matches(option, known, n=1)
    fits += [_with_value(flag, value, command) for flag in near]
    return ConfigError(what, hint="; ".join([", or ".join(dict.fromkeys(fits[:2])), _help(path)][not fits :]))


def _value_of(option: str, words: Sequence[str]) -> str:
    """Return the value that was typed for an option, as the shell reads it; empty if there is none."""
    for index, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name == option and equals:
            return shlex.quote(value)
        if len(option) == 2 < len(word) and word.startswith(option):
            return shlex.quote(word.removeprefix(option).removeprefix("="))
        following = words[index + 1] if index + 1 < len(words) else "-"
        if name == option and not following.startswith("--") and following != "-":
            return shlex.quote(following)
    return ""


def _with_value(flag: str, value: str, command: click.Command | None) -> str:
    option = _find(flag, command)
    if option is None or option.is_flag:
        return flag
    return f"{flag} {value or option.make_metavar(click.Context(click.Command('')))}"


def _find(flag: str, command: click.Command | None) -> click.Option | None:
    options = [each for each in command.params if isinstance(each, click.Option)] if command else []
    return next((each for each in options if flag in each.opts), None)


def _no_value(error: click.BadOptionUsage, path: str, command: click.Command) -> ConfigError:
    """Return the error for an option without its value, or for a flag with one."""
    flag = error.option_name
    option = _find(flag, command)
    if option is not None and option.is_flag:
        return ConfigError(f"{_said(path)}{flag} takes no value", hint=flag)
    kind = flag.lstrip("-")
    usage = f"{flag} {KIND_INFO[kind].names[0]}; ganzoo list {kind}" if kind in KIND_INFO else ""  # type: ignore[index]
    return ConfigError(
        f"{_said(path)}{flag} needs a value", hint=usage or f"{_with_value(flag, '', command)}; {_help(path)}"
    )


def _example(path: str, command: click.Command | None) -> str:
    """Return the first example in the help of a command."""
    lines = [line.strip() for line in (command.help or "").splitlines()] if command else []
    examples = [line for line in lines if line.startswith(f"{path} ")]
    return "; ".join([*(line.replace("runs/NAME", "@last") for line in examples[:1]), _help(path)])


def _bad_value(error: click.BadParameter, param: click.Parameter, path: str, words: Sequence[str]) -> ConfigError:
    """Return the error for a value that an option or an argument does not take."""
    is_option = isinstance(param, click.Option)
    flag = max(param.opts, key=len) if is_option else _name_of(param)
    value = _value_of(flag, words) if is_option else next((w for w in words if repr(w) in error.message), "")
    if isinstance(param.type, click.Choice):
        choices = [str(choice) for choice in param.type.choices]
        near = get_close_matches(value.lower(), choices, n=1) or choices[:1]
        what = f"{_said(path)}{flag} {shorten(value)} is none of {', '.join(choices)}"
        return ConfigError(
            what, hint=f"{flag} {near[0]}" if is_option else _retyped([near[0] if w == value else w for w in words])
        )
    if isinstance(error, OutOfRangeError):
        return ConfigError(f"{_said(path)}{flag}: {error.message}", hint=f"{flag} {error.allowed}")
    what = f"{_said(path)}{flag}: {_lower(error.message).replace('a valid float', 'a number')}"
    digits = re.sub(r"[\s,.']", "", value) if re.fullmatch(r"\d{1,3}([ ,.']000)+", value) else ""
    if flag == "--image-size" and (sides := re.fullmatch(r"(\d+)[x*,](\d+)", value.lower())):
        digits = min(sides.groups(), key=int)
    if flag == "--seed" and "," in value:
        return ConfigError(what, hint=f"ganzoo compare --seeds {value}")
    return ConfigError(what, hint=f"{flag} {digits}" if is_option and digits.isdecimal() else _help(path))


def _too_many(error: click.UsageError, path: str, words: Sequence[str]) -> ConfigError:
    """Return the error for arguments that a command does not take: components, values of a list, several runs."""
    extra = error.message.partition("(")[2].rstrip(")").split()
    what = f"{_said(path)}one word too many: {' '.join(extra)}"
    if "--" in words:
        return ConfigError(f"{what}; nothing behind -- is an option", hint=_retyped([w for w in words if w != "--"]))
    flagged = [f"--{word}" if word in KIND_INFO else word for word in words]
    if (
        path in ("ganzoo run", "ganzoo bench")
        and len(extra) == 1
        and words[list(words).index(extra[0]) - 1] in KIND_INFO
    ):
        return ConfigError(f"{what}; a component is chosen by a flag", hint=_retyped(flagged))
    if path == "ganzoo run" and _are_recipes(extra):
        return ConfigError(what, hint=_retyped(["compare" if word == "run" else word for word in words]))
    if hint := separate(words, extra):
        return ConfigError(what, hint=hint)
    return ConfigError(what, hint=_help(path))


def _are_recipes(words: Collection[str]) -> bool:
    from ganzoo.zoo.recipes import list_recipes

    names = [recipe.name for recipe in list_recipes()]
    return all(spell(word, names) in names for word in words)


def separate(words: Sequence[str], extra: Collection[str]) -> str:
    """Return the line in which words without a flag have the flags of the components that they name; empty if none."""
    typed: list[str] = []
    for word in words:
        known = find_kinds(word) if word in extra else []
        typed += typed_flag(*known[0]).split() if known else [word]
    return _retyped(typed) if typed != list(words) else ""


def refuse_loose_values(recipes: Sequence[str]) -> None:
    """Raise ConfigError if words among the recipes are further values of an axis, with spaces for commas."""
    context = click.get_current_context()
    words: Sequence[str] = context.find_root().meta.get(WORDS, ())
    joined = [*words]
    for index in reversed(range(len(words) - 1)):
        flag, loose = words[index].removeprefix("--"), []
        for word in words[index + 2 :]:
            if word not in recipes or not _is_value(flag, word.strip(",")):
                break
            loose.append(word.strip(","))
        if loose and words[index].startswith("--"):
            joined[index + 1 : index + 2 + len(loose)] = [",".join([words[index + 1].strip(","), *loose])]
    if joined != list(words):
        what = f"several values of an axis have commas between them; a word alone is a recipe: {', '.join(recipes)}"
        raise ConfigError(what, hint=_retyped(joined))


def _is_value(flag: str, word: str) -> bool:
    """Return whether a word may be a value of an axis."""
    if flag == "seeds":
        return word.isdecimal()
    if flag == "set":
        return read_number(word) is not None
    if part_of_method(flag, word):
        return True
    return any(kind == flag for kind, _ in find_kinds(word)) or (word == "none" and flag in KIND_INFO)
