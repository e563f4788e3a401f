"""Hints that can be typed: of the ways out that an error names, those that the command at hand can take.

A hint is one or more alternatives with "; " or ", or " between them. Each is flags for the command that was typed
(`--image-size 32`), a whole command (`ganzoo list loss`), or an instruction in words without flags; a remark in
brackets may follow flags and commands.
"""

from __future__ import annotations

import re

import click

PROGRAMS = ("ganzoo ", "pip ", "torchrun ", "ray ")
"""Beginnings of whole commands."""
_BREAK = re.compile(r"(; |, or )")
_FLAG = re.compile(r"(?<![\w-])(--[a-z][a-z-]*|-[a-z])(?![\w-])")


def split_hint(hint: str) -> list[str]:
    """Return the alternatives of a hint."""
    return _BREAK.split(hint)[::2]


def flags_of(alternative: str) -> list[str]:
    """Return the flags of an alternative for the command at hand; a whole command has flags of its own."""
    words = re.sub(r" \([^()]*\)$", "", alternative)
    if any(program in f" {words}" for program in (f" {name}" for name in PROGRAMS)):
        return []
    return _FLAG.findall(words)


def fit_hint(hint: str, command: click.Command | None, everywhere: frozenset[str] = frozenset()) -> str:
    """Return a hint without the alternatives whose flags the command does not take; `everywhere` are taken by all."""
    if command is None:
        return hint
    known = accepted_flags(command) | everywhere
    first, *rest = _BREAK.split(hint)
    parts = [("", first), *zip(rest[::2], rest[1::2], strict=True)]
    fitting = [(link, text) for link, text in parts if known.issuperset(flags_of(text))]
    return "".join(link * (index > 0) + text for index, (link, text) in enumerate(fitting))


def accepted_flags(command: click.Command) -> set[str]:
    """Return the flags of a command, and of its subcommands."""
    own = {flag for option in command.params if isinstance(option, click.Option) for flag in option.opts}
    below = command.commands.values() if isinstance(command, click.Group) else ()
    return own.union(*(accepted_flags(each) for each in below))
