"""The trials of a search as values, best first, and how much each setting matters."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.files import write_output
from ganzoo.search.study import OUTCOME, import_optuna, open_study

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from optuna import Study

_ORDER = ("complete", "running", "pruned")
"""States in the order of a table; those that have no score come last."""
FEWEST = 4
"""Complete trials from which on importances are more than chance; Optuna itself needs two."""


@dataclass(frozen=True)
class TrialResult:
    """One trial of a search."""

    number: int
    state: str
    """State: complete, pruned, diverged, failed, timeout, refused or running."""
    settings: Mapping[str, str]
    """Setting -> its value, as it is written on the command line; empty while the trial runs."""
    value: float | None = None
    """Mean score over the seeds; None unless the trial is complete."""
    scores: Mapping[str, float] | None = None
    """Seed -> its score."""
    reason: str = ""
    """Reason in one line why it is not complete."""


@dataclass(frozen=True)
class SearchResults:
    """All trials of a search, best first."""

    trials: Sequence[TrialResult]
    metric: str
    """Full name of the score; empty while no trial is complete."""
    better: str
    importances: Mapping[str, float]
    """Setting -> share of the differences between good and other trials that it explains; empty for too few trials."""

    @property
    def best(self) -> TrialResult | None:
        """Complete trial with the best mean score, the first of equals."""
        return self.trials[0] if self.trials and self.trials[0].value is not None else None

    def to_csv(self) -> str:
        """Return the trials as a table for a spreadsheet, with all digits."""
        text = io.StringIO()
        writer = csv.DictWriter(text, list(self.rows()[0]) if self.trials else [], lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows())
        return text.getvalue()

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each trial, by the names of its columns."""
        settings = list(dict.fromkeys(key for trial in self.trials for key in trial.settings))
        return [
            {
                "trial": trial.number,
                self.metric or "score": "" if trial.value is None else trial.value,
                **{key: trial.settings.get(key, "") for key in settings},
                "state": trial.state,
                "reason": trial.reason,
            }
            for trial in self.trials
        ]


def read_search(path: Path) -> SearchResults:
    """Return the trials of the search in a folder. Raises CheckpointError if there is none, ResourceError."""
    with open_study(path) as study:
        trials = [_read(trial) for trial in study.get_trials(deepcopy=False)]
        told = [trial.user_attrs.get(OUTCOME, {}) for trial in study.get_trials(deepcopy=False)]
        importances = _find_importances(study)
    about: Mapping[str, Any] = next((each for each in told if "metric" in each), {})
    better = about.get("better", "lower")
    sign = -1 if better == "higher" else 1

    def key(trial: TrialResult) -> tuple[int, float, int]:
        place = _ORDER.index(trial.state) if trial.state in _ORDER else len(_ORDER)
        return place, 0.0 if trial.value is None else sign * trial.value, trial.number

    return SearchResults(sorted(trials, key=key), about.get("metric", ""), better, importances)


def _read(trial: Any) -> TrialResult:
    about = trial.user_attrs.get(OUTCOME, {})
    if not trial.state.is_finished():  # it may have been killed while it was told
        return TrialResult(trial.number, "running", {})
    return TrialResult(
        trial.number, about["state"], about["settings"], about.get("value"), about.get("scores"), about["reason"]
    )


def _find_importances(study: Study) -> dict[str, float]:
    """Return Optuna's importances of the settings, which sum to 1; none for few trials, or equal ones."""
    optuna = import_optuna()
    complete = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
    if len(complete) < FEWEST or len({trial.value for trial in complete}) == 1:
        return {}
    return dict(optuna.importance.get_param_importances(study))


def draw_importances(results: SearchResults) -> Figure:
    """Draw a bar for each setting, the most important one on top."""
    from matplotlib.figure import Figure

    names = list(results.importances)
    figure = Figure(figsize=(6, 1.2 + 0.4 * len(names)), layout="constrained")
    axes = figure.add_subplot()
    bars = axes.barh(names, list(results.importances.values()))
    axes.bar_label(bars, fmt="%.2f", padding=3)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.1)
    axes.set_xlabel(f"share of the importance for {results.metric}")
    return figure


def write_results(path: Path, results: SearchResults) -> list[Path]:
    """Write trials.csv and, for enough trials, importance.png into the folder of a search; return them."""
    table, picture = path / "trials.csv", path / "importance.png"
    write_output(table, results.to_csv().encode())
    if not results.importances:
        return [table]
    file = io.BytesIO()
    draw_importances(results).savefig(file, format="png", dpi=100)
    write_output(picture, file.getvalue())
    return [table, picture]
