"""Numbers of the command line that are out of range, with one that is not."""

from __future__ import annotations

from typing import Any

import click

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
