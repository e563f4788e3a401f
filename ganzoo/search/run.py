"""Run the trials of a search one batch after the other: Optuna chooses their settings, an engine runs their cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

from ganzoo.cells import FAILURES, Cell, Ending
from ganzoo.contracts import Engine
from ganzoo.errors import ConfigError
from ganzoo.grid.folder import GridFolder
from ganzoo.grid.plan import PlannedCell, plan_all
from ganzoo.grid.run import GridObserver, Policy, dry_runner_for, run_cells
from ganzoo.runs.needs import check_needs
from ganzoo.search.config import SearchConfig
from ganzoo.search.space import Range
from ganzoo.search.study import METRIC, OUTCOME, draw, import_optuna, next_trials, open_study
from ganzoo.search.trials import Outcome, RunningTrial, require_metric
from ganzoo.settings.sections import Choice
from ganzoo.zoo.catalogue import Zoo

if TYPE_CHECKING:
    from optuna import Study, Trial

LOOK_EVERY = 0.5
"""Seconds between two looks at the scores of the trials that run."""


class SearchObserver:
    """Events of a search; every method does nothing unless overridden."""

    def note(self, text: str) -> None:
        """Receive a remark that the user should read."""

    def start(self, path: Path, count: int, present: int) -> None:
        """Receive the folder, the number of trials that are to end, and the number of those that have."""

    def cells(self) -> GridObserver:
        """Return who is told of the cells of the next trials."""
        return GridObserver()

    def end(self, number: int, settings: dict[str, str], outcome: Outcome) -> None:
        """Receive a trial that has ended."""


def run_search(
    search: SearchConfig, zoo: Zoo, engine: Engine, path: Path, observer: SearchObserver,
    *, policy: Policy, choice: Choice | None = None,
) -> None:  # fmt: skip
    """Run the trials of a search that have not ended, in the folder `path`, which is also that of a grid.

    As many trials at once as the engine has room for all their seeds. Raises ConfigError for settings that do not
    exist, FolderError for a folder with something else, GridError if a cell was stopped from outside, RunInterrupted.
    """
    import_optuna()
    search = search.spelt(zoo.names)
    search.require_one_value()
    runs = {cell.name: cell.run for cell in check_space(search, zoo) if cell.run}
    check_needs(runs, zoo, observer.note, is_here=engine.is_here)
    room, seeds = engine.cells_at_once, len(search.grid.seeds)
    grid = GridFolder(path, policy.follow_links)
    searching = _Search(search, zoo, engine, grid, observer, policy, choice)
    with grid.claim():
        (path / "cells").mkdir(exist_ok=True)  # from here on the folder is a grid, also if it gets no further
        with open_study(path, search) as study:
            ended = sum(trial.state.is_finished() for trial in study.get_trials(deepcopy=False))
            observer.start(path, max(search.trials - ended, 0), ended)
            while batch := next_trials(study, search, max(1, room // seeds)):
                searching.run(study, batch, min(seeds, room or seeds))


def check_space(search: SearchConfig, zoo: Zoo) -> list[PlannedCell]:
    """Return cells with the ends of what is searched, one setting at its end at a time.

    Raises ConfigError for a setting that does not exist, an end that is out of range, or if all cells are refused.
    """
    first = {key: search.grid.axes[key][0] for key in search.space}
    (base,) = _plan_first_seed(search, first, zoo)
    cells = [base]
    for key, values in search.space.items():
        for text in search.grid.axes[key][1:]:
            (cell,) = _plan_first_seed(search, first | {key: text}, zoo)
            if cell.refused and not base.refused and isinstance(values, Range):
                raise ConfigError(f"--tune {key}={values}: {cell.refused}", hint=f"ganzoo explain {key}")
            cells.append(cell)
    if all(cell.refused for cell in cells):
        raise ConfigError(f"every trial would be refused: {base.refused}", hint="ganzoo config show")
    return [cell for cell in cells if not cell.refused]


def _plan_first_seed(search: SearchConfig, settings: dict[str, str], zoo: Zoo) -> list[PlannedCell]:
    return plan_all(replace(search.of_trial(settings), seeds=search.grid.seeds[:1], budget=None), zoo)


class _Search:
    """State that all batches of a search share."""

    def __init__(
        self, search: SearchConfig, zoo: Zoo, engine: Engine, grid: GridFolder, observer: SearchObserver,
        policy: Policy, choice: Choice | None,
    ) -> None:  # fmt: skip
        self.search, self.zoo, self.engine, self.grid = search, zoo, engine, grid
        self.observer, self.policy = observer, policy
        self.engine_words = {"name": choice.name, **choice.options} if choice else {}

    def run(self, study: Study, batch: Sequence[Trial], seeds_at_once: int) -> None:
        """Run the cells of some trials, and tell Optuna how each trial ended, in the order of their numbers."""
        twins = {trial.number: self._find_twin(study, trial) for trial in batch}
        running = [self._plan(trial, seeds_at_once) for trial in batch if twins[trial.number] is None]
        cells = [cell for each in running for cell in each.cells]
        if cells:
            self.grid.write_plan(self.search.grid, cells, self.engine_words)
        with _watching(running):
            going = [cell for each in running if not each.pruned for cell in each.cells]
            run_cells(self.grid, going, self.engine, _Watcher(self.observer.cells(), running), self.policy)
        planned = {each.number: each for each in running}
        for trial in batch:
            twin = twins[trial.number]
            outcome = twin if twin is not None else self._judge(study, planned[trial.number])
            self._tell(study, trial, outcome)

    def _plan(self, trial: Trial, seeds_at_once: int) -> RunningTrial:
        budget = self.search.grid.budget
        try_run = dry_runner_for(self.engine, self.zoo) if budget is not None and budget.is_measured else None
        cells = plan_all(self.search.of_trial(draw(trial, self.search)), self.zoo, try_run)
        named = [replace(cell, name=f"trial-{trial.number}-s{cell.seed}") for cell in cells]
        return RunningTrial(trial, named, self.grid, seeds_at_once)

    def _find_twin(self, study: Study, trial: Trial) -> Outcome | None:
        """Return the end of an earlier trial with the same settings, which would end so again; else None."""
        settings = draw(trial, self.search)
        for other in study.get_trials(deepcopy=False):
            told = dict(other.user_attrs.get(OUTCOME, {}))
            if other.number < trial.number and told.pop("settings", None) == settings and told["state"] != "pruned":
                return replace(Outcome(**told), reason=f"as trial {other.number}")
        return None

    def _judge(self, study: Study, trial: RunningTrial) -> Outcome:
        known = study.user_attrs.get(METRIC, "")
        outcome = trial.judge(self.search.metric or known or None)
        require_metric(outcome, known)
        if outcome.metric and not known:
            study.set_user_attr(METRIC, outcome.metric)
        return outcome

    def _tell(self, study: Study, trial: Trial, outcome: Outcome) -> None:
        """Write down how a trial ended. For Optuna one that diverged was pruned: it learns to stay away from there."""
        states = import_optuna().trial.TrialState
        settings = draw(trial, self.search)
        trial.set_user_attr(OUTCOME, {"settings": settings, **outcome.to_json()})
        if outcome.state == "complete":
            study.tell(trial, outcome.objective)
        else:
            study.tell(trial, state=states.PRUNED if outcome.state in ("pruned", "diverged") else states.FAIL)
        self.observer.end(trial.number, settings, outcome)


class _Watcher(GridObserver):
    """Calls the other seeds of a trial off once one of them has failed, and passes on what it is told."""

    def __init__(self, observer: GridObserver, running: Sequence[RunningTrial]) -> None:
        self.observer, self.running = observer, running

    def note(self, text: str) -> None:
        """Pass a remark on."""
        self.observer.note(text)

    def start(self, grid: GridFolder, missing: Sequence[Cell], present: int) -> None:
        """Pass the cells on."""
        self.observer.start(grid, missing, present)

    def end(self, cell: Cell, ending: Ending) -> None:
        """Call the trial of a failed cell off."""
        for trial in self.running:
            if ending.state in FAILURES and cell.name in [own.name for own in trial.cells]:
                trial.call_off()
        self.observer.end(cell, ending)


@contextmanager
def _watching(running: Sequence[RunningTrial]) -> Iterator[None]:
    """Look at the scores of trials before, while and after their cells run, so that the same ones are pruned again."""
    live = [trial for trial in running if not any(cell.refused for cell in trial.cells)]
    ended = Event()
    failures: list[Exception] = []

    def look() -> None:
        for trial in live:
            trial.look()

    watcher = Thread(target=_repeat, args=(look, ended, failures), daemon=True)
    look()
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
    if failures:
        raise failures[0]
    look()


def _repeat(look: Callable[[], None], ended: Event, failures: list[Exception]) -> None:
    """Call `look` again and again; keep what it raises, since nobody catches what a thread raises."""
    while not ended.wait(LOOK_EVERY):
        try:
            look()
        except Exception as error:
            failures.append(error)
            return
