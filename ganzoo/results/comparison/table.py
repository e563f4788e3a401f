"""The table that `make_table` returns, with its rows and effects."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ganzoo.results.comparison.metrics import Checkpoint, Measure
from ganzoo.results.comparison.statistics import Summary
from ganzoo.results.read import Result
from ganzoo.runs.frames import import_pandas

if TYPE_CHECKING:
    import pandas

Rank = Literal["best", "alike", "worse", "untested", ""]
Unranked = Literal["failed", "unfinished", "settings", "one seed", ""]


@dataclass(frozen=True)
class Row:
    """Runs that differ only in their seeds and in the axes that the table averages over."""

    axes: Mapping[str, Any]
    """Value of each axis of the table; None if a component has no such option, or leaves it at its default."""
    results: tuple[Result, ...]
    last: Mapping[str, Summary]
    """Name of a score -> summary over the seeds, for the last checkpoint."""
    best: Mapping[str, Summary]
    """Name of a score -> summary for the best checkpoint by the run's evaluations; empty without --eval-every."""
    images: float | None
    """Mean over the complete runs, as the four fields below; None if no complete run has the number."""
    seconds: float | None
    flops: float | None
    parameters: float | None
    memory_mb: float | None
    rank: Rank
    """"alike": not distinguishable from the best; "untested": no spread over seeds; "": no score, or `unranked`."""
    unranked: Unranked
    """Reason why a row with a score may not win: runs failed or are not done, or settings or further seeds lack."""
    p_adjusted: float | None
    """p of the test against the best row, adjusted for the choice of the best among all rows."""
    failures: Mapping[str, int]
    """State -> number of runs that ended without a result: {"diverged": 1, "timeout": 2}."""
    ended: int
    """Number of runs that ended, with or without a result: not refused, missing, running or interrupted."""
    reason: str
    """Reasons why runs of this row have no score, with the command to type; empty if all have one."""

    def summary(self, measure: Measure) -> Summary | None:
        """Return one score over the seeds; None if no run of the row has it."""
        return (self.last if measure.checkpoint == "last" else self.best).get(measure.metric)


@dataclass(frozen=True)
class Change:
    """Something beside the axis that differs between the runs of a pair."""

    name: str
    """A setting, such as "optim.lr_g"; "images" seen by D, or "flops"."""
    before: Any
    """Value with `Effect.instead_of`; None for a default, and for an option that the run does not have."""
    after: Any
    """Value with `Effect.value`."""
    pairs: int
    """Number of pairs that differ by these values; in a cost by more than 1 %, and the values are their means."""


@dataclass(frozen=True)
class Effect:
    """Difference between runs with one value of an axis and runs with another; see `of_methods`."""

    axis: str
    value: Any
    instead_of: Any
    difference: Summary
    """Score with `value` minus score with `instead_of`, over pairs that agree on all other axes and the seed.

    Its `values` are keyed by the number of the pair."""
    pairs: int
    left_out: int
    """Pairs in which a run is not complete or has no score."""
    changes: tuple[Change, ...] = ()
    """Differences within the pairs beside the axis: costs, then settings that follow from its value."""

    @property
    def of_methods(self) -> bool:
        """True if more differs than the axis and the FLOPs that its values take: the effect is not that of the axis."""
        return any(change.name != "flops" for change in self.changes)


@dataclass(frozen=True)
class Table:
    """Runs compared: rows in order, effects, and remarks."""

    axes: tuple[str, ...]
    """Axes of the rows, e.g. ("model.name", "loss.name")."""
    averaged: tuple[str, ...]
    """Axes left out of the rows, and averaged over."""
    metric: str
    """Score that ranks, e.g. "FD(digits-cnn)-2k"; "" if no run has a score."""
    better: str
    """Better direction of the score that ranks: lower or higher."""
    metrics: Mapping[str, str]
    """Every score of a run -> its better direction, in the order of the reports."""
    checkpoint: Checkpoint
    """Checkpoint whose scores rank: last or best."""
    rows: tuple[Row, ...]
    """Best row first; then rows that may not win; then rows without a score, in the order of their axes."""
    effects: tuple[Effect, ...]
    test: str
    """Sentence that says which test the marks come from; empty if no row was tested."""
    protocol: Mapping[str, Any]
    """Protocol of all scores; empty if there are none."""
    notes: tuple[str, ...]

    @property
    def measure(self) -> Measure:
        """The score that ranks."""
        return Measure(self.metric, self.checkpoint)

    def render(self, format: str = "text") -> str:
        """Return the table as "text", "md", "csv", "latex", "json" or "html". Raises ConfigError for another."""
        from ganzoo.results.tables import render  # which imports this module

        return render(self, format)

    def frame(self) -> pandas.DataFrame:
        """Return a row for each row, with every score of both checkpoints, unrounded.

        Raises ResourceError if pandas is absent.
        """
        return import_pandas().read_csv(io.StringIO(self.render("csv")))

    def __str__(self) -> str:
        return self.render()

    def _repr_html_(self) -> str:
        from ganzoo.results.tables import draw_cell

        return draw_cell(self)
