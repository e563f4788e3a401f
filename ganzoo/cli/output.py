"""Colour and amount of output: --color, --quiet and --verbose, before or behind the name of a command."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, TextIO, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])
Role = Literal["", "best", "alarm", "remark", "error", "note"]

_STYLES: dict[Role, dict[str, Any]] = {
    "": {},
    "best": {"fg": "green", "bold": True},
    "alarm": {"fg": "red", "bold": True},
    "remark": {"fg": "yellow", "bold": True},
    "error": {"fg": "red", "bold": True},
    "note": {"fg": "yellow"},
}
_VALUED = frozenset({"--color"})
_BARE = frozenset({"-q", "--quiet", "-v", "--verbose"})
FLAGS = _VALUED | _BARE
"""Flags that every command takes."""
_KEY = "ganzoo.output"


@dataclass(frozen=True)
class Output:
    """Choices of the user about what is printed."""

    color: Literal["auto", "always", "never"] = "auto"
    """Use of colour; auto follows NO_COLOR, FORCE_COLOR and TERM, and else asks for a terminal."""
    quiet: bool = False
    """Print results and errors only."""
    verbose: bool = False
    """Print each record, the settings, the time of each phase, and where an error arose."""

    def has_color(self, stream: TextIO) -> bool:
        """Return whether text on a stream is coloured."""
        if self.color != "auto":
            return self.color == "always"
        if os.environ.get("NO_COLOR") or os.environ.get("TERM") in ("dumb", "unknown"):
            return False
        return bool(os.environ.get("FORCE_COLOR")) or _is_terminal(stream)


def choices() -> Output:
    """Return the choices for the command that runs; the defaults where none does."""
    context = click.get_current_context(silent=True)
    found: Output = context.meta.get(_KEY, Output()) if context else Output()
    return found


def output_options(command: F) -> F:
    """Add the options, whose values `choices` returns, to the group of all commands."""
    for option in (
        click.option("-v", "--verbose", is_flag=True, expose_value=False, callback=_keep,
                     help="Also print each record, the settings, times, and where an error arose."),
        click.option("-q", "--quiet", is_flag=True, expose_value=False, callback=_keep,
                     help="Print results and errors only: no progress, no notes."),
        click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True,
                     expose_value=False, callback=_keep, help="Colour; auto obeys NO_COLOR and FORCE_COLOR."),
    ):  # fmt: skip
        command = option(command)
    return command


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    kept: Output = ctx.meta.get(_KEY, Output())
    chosen = Output(**{**vars(kept), str(param.name): value})
    if chosen.quiet and chosen.verbose:
        raise click.UsageError("--quiet cannot be combined with --verbose")
    ctx.meta[_KEY] = chosen


def output_first(args: Sequence[str]) -> list[str]:
    """Return the words of a command line with those of this module's options first."""
    end = list(args).index("--") if "--" in args else len(args)
    first, rest, words = list[str](), list[str](), iter(args[:end])
    for word in words:
        name, is_assigned, _ = word.partition("=")
        if word in _BARE or (name in _VALUED and is_assigned):
            first.append(word)
        elif word in _VALUED:
            first += [word, *[value for value in [next(words, None)] if value is not None]]
        else:
            rest.append(word)
    return [*first, *rest, *args[end:]]


def style(text: str, role: Role, stream: TextIO | None = None) -> str:
    """Return text in the colour of a role, where the stream has colour; stdout unless one is given."""
    return click.style(text, **_STYLES[role]) if choices().has_color(stream or sys.stdout) else text


def say(text: str, role: Role = "", *, err: bool = False) -> None:
    """Print a line on stdout or stderr; codes of colour that are in it stay where the stream has colour."""
    stream = sys.stderr if err else sys.stdout
    click.echo(style(text, role, stream) if role else text, err=err, color=choices().has_color(stream))


def note(text: str) -> None:
    """Print a remark on stderr, unless the user wants results and errors only."""
    if not choices().quiet:
        with suppress(OSError):  # the terminal may be closed
            say(f"{style('note:', 'note', sys.stderr)} {text}", err=True)


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except (AttributeError, ValueError):  # a stand-in, or closed
        return False
