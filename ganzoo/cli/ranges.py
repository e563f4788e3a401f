"""Types of the command line: numbers within bounds, with one that is within where a number is not; words of a list."""

from __future__ import annotations

import math
import re
from typing import Any

import click

from ganzoo.settings.numbers import read_whole
from ganzoo.settings.options import shorten
from ganzoo.settings.ranges import require_within


class OutOfRangeError(click.BadParameter):
    """A number that an option does not take; `allowed` is one that it does."""

    def __init__(self, message: str, allowed: float, *where: Any) -> None:
        super().__init__(message, *where[::-1])
        self.allowed = allowed


def refuse_outside(number: float, least: Any, most: Any, *where: Any, is_open: bool = False) -> None:
    """Raise OutOfRangeError for a number outside bounds, of which None is none; `is_open`: the least is outside too."""
    below = least is not None and (number <= least if is_open else number < least)
    if not below and (most is None or number <= most):
        return
    bounds = [(sign, bound) for sign, bound in (("gt" if is_open else "ge", least), ("le", most)) if bound is not None]
    demand = require_within(bounds, isinstance(number, int))
    allowed = (least + 1 if is_open else least) if below else most
    raise OutOfRangeError(f"{shorten(number)} is refused: {demand}", allowed, *where)


class FiniteRange(click.FloatRange):
    """A number within bounds; nan and inf are refused, which no comparison does."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a float."""
        number = click.FLOAT.convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number.", param, ctx)
        refuse_outside(number, self.min, self.max, param, ctx, is_open=self.min_open)
        return number


def one_of(*words: str) -> click.Choice[str]:
    """Return the type of a word of a list, in any case."""
    return click.Choice(words, case_sensitive=False)


class Places(click.ParamType[tuple[int, int]]):
    """One place or several in a row, counted from 0: 3, or 2..11."""

    name = "n"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """Return the first and the last."""
        if isinstance(value, tuple):
            return value
        found = re.fullmatch(r"(\d{1,9})(?:\.\.(\d{1,9}))?", value.strip(), re.ASCII)
        if found is None:
            self.fail(f"{shorten(value)} is neither a number of the latent, such as 0, nor several, such as 2..11")
        first, last = int(found[1]), int(found[2] or found[1])
        if not first <= last < first + 100:
            self.fail(f"{value} are not 1 to 100 numbers, from the first to the last")
        return first, last


class Whole(click.ParamType[int]):
    """A whole number within bounds as people write it: 10000, 10_000, 1e4 or 10k."""

    name = "n"

    def __init__(self, least: int | None = None, most: int | None = None) -> None:
        self._least, self._most = least, most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return an int."""
        number = value if isinstance(value, int) else read_whole(value)
        if number is None:
            self.fail(f"{shorten(value)} is not a whole number", param, ctx)
        refuse_outside(number, self._least, self._most, param, ctx)
        return number
