"""Hints of errors: what they name exists, and what is typed after the command that printed one leads on."""

import ast
import re
import shlex

import click
import pytest

from ganzoo.cli import cli
from ganzoo.cli.hints import PROGRAMS, accepted_flags, fit_hint, flags_of, split_hint
from ganzoo.settings.kinds import KINDS
from ganzoo.settings.sections import SECTIONS
from support.checkout import ROOT

ERRORS = ("Error", "RunInterrupted")
HOLE = "VALUE"


def texts(node):
    """The strings that an expression may be, with VALUE for what is only known when it runs."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        parts = [p.value if isinstance(p, ast.Constant) else HOLE for p in node.values]
        return ["".join(parts)]
    if isinstance(node, ast.IfExp):
        return [*texts(node.body), *texts(node.orelse)]
    return []


def names_in_hints(tree):
    """Names of constants that hints are put together from, in capitals."""
    keywords = [node for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "hint"]
    values = [
        node for node in ast.walk(tree) if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "hint"
    ]
    names = [name.id for node in (*keywords, *values) for name in ast.walk(node) if isinstance(name, ast.Name)]
    return [name for name in names if name.isupper()]


def hints():
    """Every hint in the code: of a keyword `hint`, or of a name `hint` that is set before; with its place."""
    found = {}
    for path in sorted((ROOT / "ganzoo").rglob("*.py")):
        if "testing" in path.parts:  # hints there are Python, for authors of plugins
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        used = names_in_hints(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                values = [keyword.value for keyword in node.keywords if keyword.arg == "hint"]
            elif isinstance(node, ast.Assign):
                names = [name for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)]
                values = [node.value] if any(name.id in ("hint", *used) for name in names) else []
            else:
                values = []
            for text in (text for value in values for text in texts(value)):
                found[f"{path.relative_to(ROOT)}:{node.lineno}"] = text
    return found


HINTS = hints()
ALL_FLAGS = accepted_flags(cli)


@pytest.mark.parametrize("place", HINTS)
def test_a_hint_is_flags_a_command_or_words(place):
    for alternative in split_hint(HINTS[place]):
        words = re.sub(r" \([^()]*\)$", "", alternative)
        if words.startswith("-"):
            check_flags(shlex.split(words))
        elif words.startswith(PROGRAMS):
            check_command(shlex.split(words.replace("'", "").split("  ")[0]))
        else:
            told = re.sub(r"(leave out|without) --?[a-z-]+", "", words)
            assert not flags_of(told), f"flags among words: {alternative!r}"


def check_flags(words):
    """Flags that some command takes, each with its value, and nothing else."""
    options = {flag: option for command in commands(cli) for option in command.params for flag in option.opts}
    while words:
        flag, *words = words
        if HOLE in flag:
            return
        flag, _, value = flag.partition("=")
        assert flag in ALL_FLAGS, f"no command has {flag}"
        option = options[flag]
        if not option.is_flag and not value:
            assert words, f"{flag} needs a value"
            value, *words = words
        if flag == "--set" and "=" in value and HOLE not in value:
            assert value.partition(".")[0] in (*KINDS, *SECTIONS), value
    assert not words


def commands(group):
    below = group.commands.values() if isinstance(group, click.Group) else ()
    return [group, *(found for each in below for found in commands(each))]


def check_command(words):
    """A command of ganzoo that click can read."""
    if words[0] != "ganzoo":
        return
    command, rest = cli, words[1:]
    while rest and isinstance(command, click.Group) and not rest[0].startswith("-"):
        command, rest = command.commands[rest[0]], rest[1:]
    taken = accepted_flags(command) | accepted_flags(cli)
    assert all(word.partition("=")[0] in taken for word in rest if word.startswith("-")), words


@pytest.mark.parametrize(
    ("hint", "command", "fitting"),
    [
        ("--step N (an earlier checkpoint); --raw", "resume", ""),
        ("--step N (an earlier checkpoint); --raw", "sample", "--step N (an earlier checkpoint); --raw"),
        ("--lipschitz gp, or --set optim.lr_d=1e-4", "resume", "--set optim.lr_d=1e-4"),
        ("--data-root DIR; ganzoo list dataset --json", "diagnose", "ganzoo list dataset --json"),
        ("another folder", "table", "another folder"),
        ("--plugin my_loss.py", "resume", "--plugin my_loss.py"),
    ],
)
def test_a_command_shows_only_what_it_takes(hint, command, fitting):
    assert fit_hint(hint, cli.commands[command], frozenset({"--plugin"})) == fitting
