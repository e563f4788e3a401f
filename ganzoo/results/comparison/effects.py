"""What one value of an axis does instead of another, all else equal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

from ganzoo.results.comparison.axes import key_of, list_values
from ganzoo.results.comparison.protocols import Scored
from ganzoo.results.comparison.statistics import summarise
from ganzoo.results.comparison.table import Effect

Cells = dict[tuple[Any, ...], list[float | None]]
"""The other axes and the seed -> the scores there; None for a run without one."""


def find_effects(axis: str, axes: Sequence[str], runs: Sequence[Scored], metric: str, checkpoint: str) -> list[Effect]:
    """Return the effect of each value of `axis` instead of each value before it; pairs agree in `axes` and the seed.

    Values of which no pair has two scores have none.
    """
    others = [other for other in axes if other != axis]
    cells: dict[Any, Cells] = {value: {} for value in list_values(axis, [run.result for run in runs])}
    for run in runs:
        place = (*key_of(run.result, others), run.result.seed)
        scores = run.last if checkpoint == "last" else run.best
        score = scores[metric]["value"] if metric in scores else None
        cells[run.result.value(axis)].setdefault(place, []).append(score)
    return [
        effect
        for before, value in combinations(cells, 2)
        for effect in _effect(axis, value, before, cells[value], cells[before])
    ]


def _effect(axis: str, value: Any, before: Any, cells: Cells, cells_before: Cells) -> Iterator[Effect]:
    common = [place for place in cells if place in cells_before]
    pairs = [(_mean(cells[place]), _mean(cells_before[place])) for place in common]
    differences = [new - old for new, old in pairs if new is not None and old is not None]
    if differences:
        summary = summarise(dict(enumerate(differences)))
        yield Effect(axis, value, before, summary, len(differences), len(pairs) - len(differences))


def _mean(scores: Sequence[float | None]) -> float | None:
    """Mean of runs that repeat each other; None if one of them has no score."""
    known = [score for score in scores if score is not None]
    return sum(known) / len(known) if len(known) == len(scores) else None
