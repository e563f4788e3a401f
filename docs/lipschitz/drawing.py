"""Style of the figures and tables of all experiments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import mean
from typing import Any, NamedTuple

import numpy as np
from matplotlib import rcParams
from matplotlib.figure import Figure

Numbers = dict[str, Any]
"""Measurements of one case: plain values, for results.json."""


COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
"""Blue, vermilion, green and purple, which colour-blind readers tell apart: Wong 2011, doi:10.1038/nmeth.1618."""
DASHES, MARKERS = ("-", "--", ":", "-."), ("o", "s", "^", "D")
"""Line styles and markers beside the colours, so that no figure needs colour to be read."""

rcParams.update({"font.size": 10, "axes.titlesize": 10, "axes.labelsize": 10, "legend.fontsize": 9})


class Outcome(NamedTuple):
    """Result of one case."""

    numbers: Numbers
    picture: dict[str, Any] | None = None
    """Arrays for the figure; they are not written to results.json."""


def figure_of(rows: int, columns: int, width: float, height: float, **options: Any) -> tuple[Figure, np.ndarray]:
    """Return a figure and its axes (rows, columns); sizes in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **options)


def grouped(rows: Iterable[Numbers], keys: Sequence[str]) -> dict[tuple[Any, ...], list[Numbers]]:
    """Group the rows by their values of some keys, in the order in which these values first appear."""
    groups: dict[tuple[Any, ...], list[Numbers]] = {}
    for row in rows:
        groups.setdefault(tuple(row[key] for key in keys), []).append(row)
    return groups


def markdown(rows: Iterable[Numbers], keys: Sequence[str], columns: Mapping[str, str]) -> str:
    """Return a table with one line per group: the mean of each column, and its range if the values differ."""
    lines = ["| " + " | ".join([*keys, *columns]) + " |", "|" + "---|" * (len(keys) + len(columns))]
    for values, group in grouped(rows, keys).items():
        cells = [*map(str, values), *(spread([row[name] for row in group]) for name in columns.values())]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def spread(numbers: Sequence[float]) -> str:
    """Return "mean (lowest to highest)" in three digits, or the mean if all values look the same."""
    low, high = (show(number) for number in (min(numbers), max(numbers)))
    return show(mean(numbers)) if low == high else f"{show(mean(numbers))} ({low} to {high})"


def show(number: float) -> str:
    """Format a number with at most three digits, without an exponent between 0.001 and 1,000,000."""
    if number != number:  # nan: no value
        return ""
    if number == round(number) and abs(number) < 1e6:
        return str(round(number))
    if 1e-3 <= abs(number) < 1e3:
        return f"{number:.{max(0, 2 - int(np.floor(np.log10(abs(number)))))}f}" if abs(number) >= 1 else f"{number:.3f}"
    return f"{number:.1e}"
