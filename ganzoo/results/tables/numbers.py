"""Numbers as text, with as many digits as they deserve and a unit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ganzoo.results.comparison import Change, Effect, Summary, short

_MOST_CHANGES = 8
"""Things that differ within pairs, beside an axis, that a line names; more are counted."""


def show_summary(summary: Summary, place: int | None = None) -> str:
    """Return the mean ± half of the 95 % interval, to `place` decimals (negative: to tens, hundreds).

    The default is two digits of the half and the mean to the same place. The mean of one seed has no interval, and
    four digits.
    """
    half = summary.half_width
    if place is not None:
        return _to_place(summary.mean, place) + ("" if half is None else f" ± {_to_place(half, place)}")
    if not half:
        return f"{summary.mean:.4g}" + ("" if half is None else " ± 0")
    place = places(half)
    return f"{_to_place(summary.mean, place)} ± {_to_place(half, place)}"


def common_place(summaries: Sequence[Summary]) -> int | None:
    """Return the decimals that all numbers of a column have: two digits of the smallest interval.

    They are no more than four digits of the smallest mean, of which single seeds have as many. None for one summary.
    """
    if len(summaries) < 2:
        return None
    needed = [min(places(s.half_width) if s.half_width else 9, _four_digits(s.mean)) for s in summaries]
    return max(needed)


def _four_digits(value: float) -> int:
    """Return the decimals of the fourth digit of a number: 0.5 -> 4, 12 -> 2, 1234 -> 0; 3 for 0."""
    return 3 - math.floor(math.log10(abs(value))) if value else 3


def show_std(summary: Summary, place: int | None = None) -> str:
    """Return the standard deviation to two digits, or to `place` decimals; empty for one seed."""
    if summary.std is None:
        return ""
    if place is not None:
        return _to_place(summary.std, place)
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
    """Return "lipschitz: gp instead of clip: -3.1 ± 0.8 over 6 pairs (2 left out); all other settings equal"."""
    over = f"over {effect.pairs} pairs" if effect.pairs > 1 else "in the only pair, which has no interval"
    left_out = f" ({effect.left_out} left out)" if effect.left_out else ""
    change = f"{show_value(effect.value)} instead of {show_value(effect.instead_of)}"
    return (
        f"{short(effect.axis)}: {change}: {show_difference(effect.difference)} {over}{left_out}; {_show_rest(effect)}"
    )


def _show_rest(effect: Effect) -> str:
    if effect.of_methods:
        return f"not {short(effect.axis)} alone, but also {show_changes(effect)}"
    return ", ".join(filter(None, ["all other settings equal", show_changes(effect)]))


def show_difference(difference: Summary) -> str:
    """Return the mean of the differences; without an interval if all are equal, which would be one of no width."""
    return f"{difference.mean:.4g} each" if difference.std == 0 else show_summary(difference)


def show_changes(effect: Effect) -> str:
    """Return what differs beside the axis: "FLOPs 2.7e10 → 7.0e10; in 5 pairs optim.n_critic 1 → 5"."""
    by_pairs: dict[int, list[str]] = {}
    for change in effect.changes[:_MOST_CHANGES]:
        by_pairs.setdefault(change.pairs, []).append(_show_change(change))
    some = {pairs: "" if pairs == effect.pairs else f"in {pairs} pair{'s' * (pairs > 1)} " for pairs in by_pairs}
    said = "; ".join(f"{some[pairs]}{', '.join(by_pairs[pairs])}" for pairs in sorted(by_pairs, reverse=True))
    more = len(effect.changes) - _MOST_CHANGES
    return said + (f"; and {more} more setting{'s' * (more > 1)}" if more > 0 else "")


def _show_change(change: Change) -> str:
    name = "FLOPs" if change.name == "flops" else change.name
    before, after = _show_side(change, change.before), _show_side(change, change.after)
    return f"{name} {before} → {after}" if before != after else f"{name} either way"  # means that differ by little


def _show_side(change: Change, value: Any) -> str:
    if change.name == "flops":
        return show_flops(value)
    if change.name == "images":
        return show_count(value)
    return "default" if value is None else show_value(value)
