"""Lines that fit: items that are never broken, and the numbers of a step by names that a reader of papers knows."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

GAP = "  "
_NAMES = {
    "d/adversarial": "loss D",
    "g/adversarial": "loss G",
    "d/penalty": "penalty",
    "score/real": "logit real",
    "score/fake": "logit fake",
    "d/auxiliary": "class loss D",
    "g/auxiliary": "class loss G",
    "g/penalty": "penalty G",
    "d/regularizer": "regularizer D",
    "g/regularizer": "regularizer G",
}
"""Key of a record -> its name, in the order in which they are shown."""
_ALWAYS = ("d/adversarial", "g/adversarial", "score/real", "score/fake")
"""Keys that are shown even if they are 0, which means that a term does not exist."""
_ASIDE = ("step", "images", "seconds", "images_per_s")
_DETAILS = ("grad_norm/", "lr/")
"""Beginnings of keys that only a whole record shows."""


def name_numbers(record: Mapping[str, Any], *, whole: bool = False) -> list[str]:
    """Return the numbers of a record with their names: "loss D -28.3"; a `whole` one with norms and rates.

    A term that is 0 does not exist, and is left out. Terms of plugins keep their own names: "d/slope" is "slope D".
    """
    keys = [*(key for key in _NAMES if key in record), *(key for key in record if key not in _NAMES)]
    shown = [key for key in keys if key not in _ASIDE and (whole or not key.startswith(_DETAILS))]
    numbers = {key: record[key] for key in shown if isinstance(record[key], int | float)}
    return [f"{_name(key)} {value:.3g}" for key, value in numbers.items() if value or key in _ALWAYS]


def _name(key: str) -> str:
    group, _, name = key.partition("/")
    if key in _NAMES or not name:
        return _NAMES.get(key, key)
    return f"{name} {group.upper()}" if group in ("d", "g") else key.replace("/", " ").replace("_", " ")


def show_speed(record: Mapping[str, Any]) -> str:
    """Return "455 images/s"; empty for a record without it."""
    speed = record.get("images_per_s")
    return "" if speed is None else f"{speed:,.0f} images/s" if speed >= 10 else f"{speed:.2g} images/s"


def pack(items: Iterable[str], width: int | None) -> list[str]:
    """Return items in lines of at most `width` columns, without breaking an item; None is one line for all.

    An item that is longer than a line is a line of its own.
    """
    lines = list[str]()
    for item in filter(None, items):
        if lines and (width is None or len(lines[-1]) + len(GAP) + len(item) <= width):
            lines[-1] += GAP + item
        else:
            lines.append(item)
    return lines


def take_fitting(items: Sequence[str], room: int) -> int:
    """Return how many of the first items fit in `room` columns, each behind a gap."""
    for count in range(len(items), 0, -1):
        if sum(len(GAP) + len(item) for item in items[:count]) <= room:
            return count
    return 0


def wrap(text: str, width: int | None, indent: str = "      ") -> str:
    """Return a sentence in lines of at most `width` columns, broken between words only; None is one line."""
    if width is None or len(text) <= width:
        return text
    lines = textwrap.wrap(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines)
