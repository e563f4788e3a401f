"""One trial of a search: its cells, its scores while they train, and how it ended."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ganzoo.cells import FAILURES
from ganzoo.errors import ConfigError, GridError
from ganzoo.grid.folder import GridFolder
from ganzoo.grid.plan import PlannedCell
from ganzoo.results.comparison.metrics import choose_metric
from ganzoo.runs.records import read_run_lines, read_scores

if TYPE_CHECKING:
    from optuna.trial import Trial


@dataclass(frozen=True)
class Outcome:
    """End of a trial: its state, with the mean score if it is complete, else with the reason."""

    state: str
    """State: complete, pruned, diverged, failed, timeout or refused."""
    reason: str = ""
    value: float | None = None
    """Mean over the seeds; None unless complete."""
    metric: str = ""
    """Full name of the score, "FD(digits-cnn)-2k"."""
    better: str = "lower"
    scores: Mapping[str, float] = field(default_factory=dict)
    """Seed -> its score."""

    @property
    def objective(self) -> float:
        """The value to minimise."""
        assert self.value is not None
        return -self.value if self.better == "higher" else self.value

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        about = {"state": self.state, "reason": self.reason}
        if self.value is None:
            return about
        return {**about, "value": self.value, "metric": self.metric, "better": self.better, "scores": dict(self.scores)}


@dataclass
class RunningTrial:
    """A trial whose cells run."""

    trial: Trial
    cells: Sequence[PlannedCell]
    grid: GridFolder
    seeds_at_once: int
    """Seeds whose mean score prunes: those that run at once, so that a later one does not have to be waited for."""
    pruned: str = ""
    """Reason why it was ended before its last step; empty while it was not."""

    @property
    def number(self) -> int:
        """Number of the trial, from 0."""
        return self.trial.number

    def look(self) -> None:
        """Report the scores that its runs have by now, in order, and call its cells off if Optuna would prune it."""
        known = self.trial.storage.get_trial(self.trial._trial_id).intermediate_values
        if known and not self.pruned and self.trial.should_prune():  # told before this process began
            self._prune(max(known), known[max(known)])
        for step, value in self._scores():
            if self.pruned:
                return
            if step not in known:
                self.trial.report(value, step)
                if self.trial.should_prune():
                    self._prune(step, value)

    def _scores(self) -> Iterator[tuple[int, float]]:
        """Yield the steps before the last one that all seeds have reached, with the mean of their distances."""
        values = [self._evaluations(cell) for cell in self.cells[: self.seeds_at_once]]
        for step in sorted(set.intersection(*map(set, values)) if values else ()):
            mean = math.fsum(scores[step] for scores in values) / len(values)
            if math.isfinite(mean):
                yield step, mean

    def _evaluations(self, cell: PlannedCell) -> dict[int, float]:
        assert cell.run is not None
        records = read_run_lines(self.grid.run_folder(cell.name) / "evaluations.jsonl").records
        return {int(each["step"]): float(each["value"]) for each in records if each["step"] < cell.run.train.steps}

    def _prune(self, step: int, value: float) -> None:
        self.pruned = f"pruned at step {step}, with {value:.4g}"
        self.call_off()

    def call_off(self) -> None:
        """End the cells that run, and let no other one begin."""
        for cell in self.cells:
            path = self.grid.stop_file(cell.name)
            path.parent.mkdir(exist_ok=True)
            path.touch()

    def judge(self, metric: str | None) -> Outcome:
        """Return how the trial ended; `metric` names the score. Raises ConfigError for a score that its runs lack.

        Raises GridError if a cell was stopped, so that the trial is not over.
        """
        if refused := next((cell.refused for cell in self.cells if cell.refused), ""):
            return Outcome("refused", refused)
        if self.pruned:
            return Outcome("pruned", self.pruned)
        endings = self.grid.read_endings()
        states = {cell.name: endings[cell.name] for cell in self.cells if cell.name in endings}
        for cell in self.cells:
            if cell.name in states and states[cell.name].state in (*FAILURES, "refused"):
                return Outcome(states[cell.name].state, f"seed {cell.seed}: {states[cell.name].reason}")
        if any(cell.name not in states or states[cell.name].state != "complete" for cell in self.cells):
            what = f"trial {self.number} was stopped before its end"
            raise GridError(what, where=str(self.grid.path), hint="the same command goes on with it")
        return self._average(metric)

    def _average(self, metric: str | None) -> Outcome:
        """Return the mean of the scores of the last checkpoints over the seeds."""
        scores = {cell.seed: _read_last_scores(self.grid, cell) for cell in self.cells}
        names = [name for name in next(iter(scores.values())) if all(name in own for own in scores.values())]
        if not names:
            return Outcome("failed", "its runs have no score in common")
        name = choose_metric(metric, names)
        values = {str(seed): float(own[name]["value"]) for seed, own in scores.items()}
        mean = math.fsum(values.values()) / len(values)
        if not math.isfinite(mean):
            return Outcome("failed", f"{name} is {mean}")
        better = next(iter(scores.values()))[name]["better"]
        return Outcome("complete", "", mean, name, better, values)


def _read_last_scores(grid: GridFolder, cell: PlannedCell) -> Mapping[str, Any]:
    """Return the scores of the last checkpoint of a cell by name; none if it has no report."""
    reports = read_scores(grid.run_folder(cell.name))
    scores: list[Mapping[str, Any]] = [report["scores"] for report in reports if report["checkpoint"] == "last"]
    return scores[-1] if scores else {}


def require_metric(outcome: Outcome, known: str) -> None:
    """Raise ConfigError if the value of a trial is another score than those of the trials before it."""
    if known and outcome.metric and outcome.metric != known:
        what = f"trial values are {known} so far, not {outcome.metric}"
        raise ConfigError(what, hint=f"--metric '{known}', or --out OTHER_FOLDER")
