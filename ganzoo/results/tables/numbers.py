"""Numbers as text, with as many digits as they deserve and a unit."""

from __future__ import annotations

import math
from typing import Any

from ganzoo.results.comparison import Effect, Summary, short


def show_summary(summary: Summary) -> str:
    """Return the mean ± half of the 95 % interval, with two digits of the half and the mean to the same place.

    The mean of one seed has no interval, and four digits.
    """
    half = summary.half_width
    if not half:
        return f"{summary.mean:.4g}" + ("" if half is None else " ± 0")
    place = places(half)
    return f"{_to_place(summary.mean, place)} ± {_to_place(half, place)}"


def show_std(summary: Summary) -> str:
    """Return the standard deviation to two digits; empty for one seed."""
    if summary.std is None:
        return ""
    return _to_place(summary.std, places(summary.std)) if summary.std else "0"


def places(value: float) -> int:
    """Return the decimals of a positive number's second digit: 0.123 -> 2, 123 -> -1."""
    return 1 - math.floor(math.log10(float(f"{value:.1e}")))


def _to_place(value: float, place: int) -> str:
    rounded = round(value, place) + 0.0  # not -0.0
    return f"{rounded:.{max(place, 0)}f}"


def show_count(value: float) -> str:
    """Return a count to three digits: 32000 -> "32k", 1234567 -> "1.23M"."""
    rounded = float(f"{value:.3g}")
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if rounded >= size:
            return f"{rounded / size:.3g}{unit}"
    return f"{rounded:.3g}"


def show_minutes(seconds: float) -> str:
    """Return minutes and seconds: 83.4 -> "1:23"."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def show_flops(value: float) -> str:
    """Return two digits and a power of ten: 1.2e12."""
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    return f"{mantissa}e{int(exponent)}"


def show_value(value: Any) -> str:
    """Return the value of an axis; a dash for None: the run has no such option, or leaves it at its default."""
    if value is None:
        return "–"
    return str(value).lower() if isinstance(value, bool) else str(value)


def show_effect(effect: Effect) -> str:
    """Return "lipschitz: gp instead of clip: -3.1 ± 0.8 over 6 pairs (2 left out)"."""
    pairs = f"{effect.pairs} {'pairs' if effect.pairs > 1 else 'pair'}"
    left_out = f" ({effect.left_out} left out)" if effect.left_out else ""
    change = f"{show_value(effect.value)} instead of {show_value(effect.instead_of)}"
    return f"{short(effect.axis)}: {change}: {show_summary(effect.difference)} over {pairs}{left_out}"
