"""The values that a comparison gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ganzoo.results.comparison.metrics import Checkpoint, Measure
from ganzoo.results.comparison.statistics import Summary
from ganzoo.results.read import Result

Rank = Literal["best", "alike", "worse", "untested", ""]


@dataclass(frozen=True)
class Row:
    """Runs that differ in their seed, and in what the table averages over."""

    axes: Mapping[str, Any]
    """Value of each axis of the table; None where a component has no such option, or leaves it at its default."""
    results: tuple[Result, ...]
    last: Mapping[str, Summary]
    """By score name: of the last checkpoint."""
    best: Mapping[str, Summary]
    """Of the best checkpoint, as the run's own evaluations chose it; empty without --eval-every."""
    images: float | None
    """This and the four below are means over the complete runs; None where no complete run says it."""
    seconds: float | None
    flops: float | None
    parameters: float | None
    memory_mb: float | None
    rank: Rank
    """"alike": not distinguishable from the best; "untested": too few common seeds; "": without score, or with
    runs that did not come through."""
    p: float | None
    """Of the paired t-test against the best row."""
    failures: Mapping[str, int]
    """Runs that ended without a result: {"diverged": 1, "timeout": 2}; of `ended` runs."""
    ended: int
    """Runs that came to an end, whatever it was: neither refused, nor missing, running or interrupted."""
    reason: str
    """Why runs of this row have no score, and what to type; empty if all have one."""

    def summary(self, measure: Measure) -> Summary | None:
        """Return one score over the seeds; None if no run of the row has it."""
        return (self.last if measure.checkpoint == "last" else self.best).get(measure.metric)


@dataclass(frozen=True)
class Effect:
    """What one value of an axis does instead of another, all else equal."""

    axis: str
    value: Any
    instead_of: Any
    difference: Summary
    """Score with `value` minus score with `instead_of`, over pairs that agree in all other axes and the seed;
    its `values` are keyed by the number of the pair."""
    pairs: int
    left_out: int
    """Pairs of which at least one run did not complete, or has no score."""


@dataclass(frozen=True)
class Table:
    """Runs compared."""

    axes: tuple[str, ...]
    """Of the rows, e.g. ("model.name", "loss.name")."""
    averaged: tuple[str, ...]
    """Axes left out of the rows, and averaged over."""
    metric: str
    """The score that ranks, e.g. "FD(digits-cnn)-2k"; "" where no run has a score."""
    better: str
    """lower or higher."""
    metrics: Mapping[str, str]
    """Every score there is -> its better direction, as the reports order them."""
    checkpoint: Checkpoint
    """The one that ranks: last or best."""
    rows: tuple[Row, ...]
    """The best first; then those that may not win; then those without a score, in the order of their axes."""
    effects: tuple[Effect, ...]
    test: str
    """The sentence that says which test the marks come from; empty where nothing was to be tested."""
    protocol: Mapping[str, Any]
    """What all scores have in common; empty where there are none."""
    notes: tuple[str, ...]

    @property
    def measure(self) -> Measure:
        """The score that ranks."""
        return Measure(self.metric, self.checkpoint)
