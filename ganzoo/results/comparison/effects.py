"""Effect of one value of an axis instead of another, all else equal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

from ganzoo.results.comparison.axes import key_of, list_values
from ganzoo.results.comparison.metrics import Measure
from ganzoo.results.comparison.protocols import ScoredRun
from ganzoo.results.comparison.statistics import summarise
from ganzoo.results.comparison.table import Effect

Scores = dict[tuple[Any, ...], list[float | None]]
"""The other axes and the seed -> the scores of the runs there; None for a run without one."""


def find_effects(
    shown: Sequence[str], axes: Sequence[str], runs: Sequence[ScoredRun], measure: Measure
) -> Iterator[Effect]:
    """Yield the effect of each value of an axis in `shown` instead of each value before it.

    The runs of a pair agree in all other axes and the seed. Two values without a scored pair have no effect.
    """
    for axis in shown:
        scores = _collect(axis, [other for other in axes if other != axis], runs, measure)
        for before, value in combinations(scores, 2):
            yield from _effect(axis, value, before, scores[value], scores[before])


def _collect(axis: str, others: Sequence[str], runs: Sequence[ScoredRun], measure: Measure) -> dict[Any, Scores]:
    """Return the scores of the runs by their value on `axis`, then by the other axes and the seed."""
    scores: dict[Any, Scores] = {value: {} for value in list_values(axis, [run.result for run in runs])}
    for run in runs:
        key = (*key_of(run.result, others), run.result.seed)
        scores[run.result.value(axis)].setdefault(key, []).append(run.score(measure))
    return scores


def _effect(axis: str, value: Any, before: Any, scores: Scores, scores_before: Scores) -> Iterator[Effect]:
    common = [key for key in scores if key in scores_before]
    pairs = [(_mean(scores[key]), _mean(scores_before[key])) for key in common]
    differences = [new - old for new, old in pairs if new is not None and old is not None]
    if differences:
        summary = summarise(dict(enumerate(differences)))
        yield Effect(axis, value, before, summary, len(differences), len(pairs) - len(differences))


def _mean(scores: Sequence[float | None]) -> float | None:
    """Return the mean of runs that repeat each other; None if one of them has no score."""
    known = [score for score in scores if score is not None]
    return sum(known) / len(known) if len(known) == len(scores) else None
