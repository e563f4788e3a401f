"""Effect of one value of an axis instead of another, with what else differs between the runs of its pairs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import Any

from ganzoo.results.comparison.axes import key_of, list_differing, list_values
from ganzoo.results.comparison.metrics import Measure
from ganzoo.results.comparison.protocols import ScoredRun
from ganzoo.results.comparison.statistics import summarise
from ganzoo.results.comparison.table import Change, Effect, Row

Cells = dict[tuple[Any, ...], list[ScoredRun]]
"""The other axes and the seed -> the runs there."""
Pair = tuple[list[ScoredRun], list[ScoredRun]]
"""The runs with the one value and with the other, of the same other axes and seed; each scored."""

_FIRST = ("optim.n_critic", "optim.lr_g", "optim.lr_d", "optim.name", "optim.batch_size", "train.steps")
"""Settings that are named before the others: a line has room for some only."""


def find_effects(
    shown: Sequence[str], axes: Sequence[str], runs: Sequence[ScoredRun], measure: Measure
) -> Iterator[Effect]:
    """Yield the effect of each value of an axis in `shown` instead of each value before it.

    The runs of a pair agree in all other axes and the seed. Two values without a scored pair have no effect.
    """
    for axis in shown:
        cells = _collect(axis, [other for other in axes if other != axis], runs)
        for before, value in combinations(cells, 2):
            yield from _effect(axis, (before, value), (cells[before], cells[value]), measure)


def _collect(axis: str, others: Sequence[str], runs: Sequence[ScoredRun]) -> dict[Any, Cells]:
    """Return the runs by their value on `axis`, then by the other axes and the seed."""
    cells: dict[Any, Cells] = {value: {} for value in list_values(axis, [run.result for run in runs])}
    for run in runs:
        key = (*key_of(run.result, others), run.result.seed)
        cells[run.result.value(axis)].setdefault(key, []).append(run)
    return cells


def _effect(axis: str, values: tuple[Any, Any], cells: tuple[Cells, Cells], measure: Measure) -> Iterator[Effect]:
    before, after = cells
    common = [(before[key], after[key]) for key in after if key in before]
    pairs = [pair for pair in common if all(_score(runs, measure) is not None for runs in pair)]
    differences = [_score(new, measure) - _score(old, measure) for old, new in pairs]  # type: ignore[operator]
    if differences:
        yield Effect(
            axis, values[1], values[0], summarise(dict(enumerate(differences))), len(pairs), len(common) - len(pairs),
            changes=tuple(_list_changes(axis, pairs)),
        )  # fmt: skip


def _score(runs: Sequence[ScoredRun], measure: Measure) -> float | None:
    """Return the mean of runs that repeat each other; None if one of them has no score."""
    scores = [run.score(measure) for run in runs]
    known = [score for score in scores if score is not None]
    return sum(known) / len(known) if len(known) == len(scores) else None


def _list_changes(axis: str, pairs: Sequence[Pair]) -> Iterator[Change]:
    """Yield what differs beside the axis and its own options: costs, by their means where they differ, and settings."""
    for cost in ("images", "flops"):
        costs = [(getattr(old[0].result, cost), getattr(new[0].result, cost)) for old, new in pairs]
        unlike = [pair for pair in costs if None not in pair and not math.isclose(*pair, rel_tol=0.01)]
        if unlike:
            before, after = (math.fsum(side) / len(unlike) for side in zip(*unlike, strict=True))
            yield Change(cost, before, after, len(unlike))
    settings = Counter(setting for old, new in pairs for setting in _list_settings(axis, old[0], new[0]))
    first = {name: i for i, name in enumerate(_FIRST)}
    ordered = sorted(settings.items(), key=lambda item: (first.get(item[0][0], len(first)), item[0][0]))
    yield from (Change(*setting, count) for setting, count in ordered)


def _list_settings(axis: str, old: ScoredRun, new: ScoredRun) -> Iterator[tuple[str, Any, Any]]:
    """Yield (name, value before, value after) of the settings that differ, but for the axis and its own options."""
    if axis == "recipe":  # which is all its settings
        return
    section = axis.removesuffix("name") if axis.endswith(".name") else None
    for key in list_differing([old.result, new.result]) - {axis}:
        if section is None or not key.startswith(section):
            yield key, old.result.value(key), new.result.value(key)


def compare_costs(rows: Iterable[Row]) -> str:
    """Return a remark if the rows that are ranked agree neither in the images of D nor in FLOPs; else ""."""
    ratios = []
    ranked = [row for row in rows if row.rank]
    for cost, noun in (("images", "images seen by D"), ("flops", "FLOPs")):
        known = [value for row in ranked if (value := getattr(row, cost))]
        if not known or max(known) < 1.1 * min(known):
            return ""
        ratios.append(f"{max(known) / min(known):.2g} times the {noun}")
    return f"Rows differ in cost, by up to {' and '.join(ratios)} (ganzoo compare --budget images=N, or flops=N)."
