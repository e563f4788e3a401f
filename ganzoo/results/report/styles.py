"""Style of each row's line: colour, dashes and marks, such that no two rows look alike and equal values do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

COLOURS = 8
"""Number of colours in the style sheet: --line-0 to --line-7."""
DASHES = ("solid", "8px,4px", "2px,3px", "10px,3px,2px,3px", "16px,5px", "6px,2px,2px,2px,2px,2px")
"""Dashes in the notation that SVG and plotly.js share."""
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "star")
"""Names of plotly.js; the page draws them too."""

Style = dict[str, int | str]


def choose_styles(rows: Sequence[Mapping[str, Any]]) -> tuple[list[Style], list[tuple[str, str]]]:
    """Return the style of each row from its axes, and pairs (feature, axis) if each axis decides one feature.

    Up to three axes decide a feature each; the axis with the most values decides the colour. With more axes, or more
    values than a feature has, rows are numbered through all colours, then through dashes and marks.
    """
    axes = _varying(rows)
    limits = (COLOURS, len(DASHES), len(SYMBOLS))
    if len(axes) > 3 or any(len(axes[axis]) > limit for axis, limit in zip(axes, limits, strict=False)):
        return [_style(i % COLOURS, i // COLOURS, i // COLOURS) for i in range(len(rows))], []
    features = list(zip(("colour", "dashes", "mark"), axes, strict=False))
    looks = [[axes[axis].index(row[axis]) for axis in axes] + [0, 0, 0] for row in rows]
    return [_style(*look[:3]) for look in looks], features


def _varying(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return the axes with more than one value -> their values; the axis with most values first."""
    values: dict[str, list[Any]] = {}
    for row in rows:
        for axis, value in row.items():
            seen = values.setdefault(axis, [])
            if value not in seen:
                seen.append(value)
    ordered = sorted(values.items(), key=lambda item: -len(item[1]))
    return {axis: _in_order(seen) for axis, seen in ordered if len(seen) > 1}


def _in_order(values: Sequence[Any]) -> list[Any]:
    """Sort values, by their text if they have several types, so that a colour does not depend on the ranks."""
    try:
        return sorted(values)
    except TypeError:
        return sorted(values, key=str)


def _style(colour: int, dash: int, symbol: int) -> Style:
    return {"colour": colour, "dash": DASHES[dash % len(DASHES)], "symbol": SYMBOLS[symbol % len(SYMBOLS)]}
