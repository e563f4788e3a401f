"""Values as people write them: 1e4, 10_000 and 10k are whole numbers, .5 is a number, Yes is true."""

from __future__ import annotations

import re

_WHOLE = re.compile(r"[+-]?\d(?:_?\d)*(?:\.\d+)?(?:e\+?\d{1,2})?([kKM]?)", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,2})?", re.ASCII | re.IGNORECASE)
_THOUSANDS = {"": 0, "k": 3, "K": 3, "M": 6}
_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_MOST_DIGITS = 4300  # Python reads no integer of more
_DIGITS = 40
"""Characters of the longest text that is read as a number of one of these forms."""


def read_whole(text: str) -> int | None:
    """Return the whole number that a text is: "10000", "10_000", "1e4", "10k" and "0.5M"; None if it is none."""
    if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS:
        return int(text)
    lower = text.strip().replace("E", "e")
    if len(lower) > _DIGITS or not (found := _WHOLE.fullmatch(lower)):
        return None
    digits = lower.removesuffix(found[1]).replace("_", "")
    mantissa, _, exponent = digits.partition("e")
    whole, _, fraction = mantissa.partition(".")
    power = int(exponent or 0) + _THOUSANDS[found[1]] - len(fraction)
    number, rest = divmod(abs(int(whole + fraction)) * 10 ** max(power, 0), 10 ** max(-power, 0))
    return None if rest else -number if lower.startswith("-") else number


def read_number(text: str) -> float | None:
    """Return the number that a text is, also ".5" and "5.", which TOML does not read; None if it is none."""
    return float(text) if len(text) <= _DIGITS and _NUMBER.fullmatch(text) else None


def read_truth(text: str) -> bool | None:
    """Return the truth value that a word is: true, yes and on, false, no and off in any case; None if it is none."""
    return _WORDS.get(text.strip().lower())
