"""The study of a search: Optuna's record of its trials, in a file of SQLite."""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from ganzoo.errors import CheckpointError, FolderError, ResourceError
from ganzoo.search.config import SearchConfig

if TYPE_CHECKING:
    from optuna import Study, Trial

FILE = "study.db"
_NAME = "ganzoo"
_REQUEST = "request"
OUTCOME = "outcome"
"""Attribute of a trial: its settings, its state, and its scores or the reason why it has none."""
METRIC = "metric"
"""Attribute of a study: full name of the score that its values are, known once a trial is complete."""


def import_optuna() -> ModuleType:
    """Import Optuna without its messages. Raises ResourceError if it is not installed."""
    try:
        import optuna
    except ImportError as error:
        hint = "pip install 'ganzoo-torch[tune]'"
        raise ResourceError("a search needs the package optuna", hint=hint) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


@contextmanager
def open_study(path: Path, search: SearchConfig | None = None) -> Iterator[Study]:
    """Open the study in the folder of a search; `search` makes it where there is none, and must be the same later.

    The study minimises: a score of which more is better is in it with its sign turned. Raises CheckpointError if there
    is none or if it cannot be read, FolderError for a study of another search, ResourceError without Optuna.
    """
    optuna = import_optuna()
    from sqlalchemy.exc import SQLAlchemyError

    if search is None and not (path / FILE).is_file():
        raise CheckpointError("this is not the folder of a search", where=str(path), hint=f"ganzoo tune --out {path}")
    storage = None
    try:
        storage = optuna.storages.RDBStorage(f"sqlite:///{path / FILE}")
        study = optuna.create_study(storage=storage, study_name=_NAME, direction="minimize", load_if_exists=True)
        if search is not None:
            _require_same(study, search, path)
            study.pruner = _make_pruner(search)
        yield study
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        hint = "--out OTHER_FOLDER"
        raise CheckpointError(f"{FILE} cannot be read or written: {error}", where=str(path), hint=hint) from error
    finally:
        if storage is not None:
            storage.remove_session()
            storage.engine.dispose()


def _require_same(study: Study, search: SearchConfig, path: Path) -> None:
    """Write down what is searched, or raise FolderError if another search is written down."""
    now, then = search.to_json(), study.user_attrs.get(_REQUEST)
    if then is None:
        study.set_user_attr(_REQUEST, now)
    elif then != now:
        differ = ", ".join(f"{key} {then.get(key)} -> {now[key]}" for key in now if then.get(key) != now[key])
        what = f"the search here is another one: {differ}"
        raise FolderError(what, where=str(path), hint="--out OTHER_FOLDER")


def _make_pruner(search: SearchConfig) -> object:
    optuna = import_optuna()
    return optuna.pruners.MedianPruner() if search.pruner == "median" else optuna.pruners.NopPruner()


def next_trials(study: Study, search: SearchConfig, at_once: int) -> list[Trial]:
    """Return the trials to run next: those that a killed process left, or else new ones; none at the end.

    The random numbers of a trial follow from its number, so that a search that was killed goes on as one that was not.
    """
    optuna = import_optuna()
    trials = study.get_trials(deepcopy=False)
    left = [trial for trial in trials if trial.state == optuna.trial.TrialState.RUNNING]
    if left:
        study.sampler = make_sampler(search, left[0].number)
        return [optuna.Trial(study, trial._trial_id) for trial in left]  # Optuna offers no other way to a trial
    asked = []
    for number in range(len(trials), min(len(trials) + at_once, search.trials)):
        study.sampler = make_sampler(search, number)
        asked.append(study.ask())
        draw(asked[-1], search)
    return asked


def make_sampler(search: SearchConfig, number: int) -> object:
    """Return Optuna's sampler for the trial of this number."""
    samplers = import_optuna().samplers
    seed = zlib.crc32(f"{search.sampler_seed} {number}".encode())
    return samplers.TPESampler(seed=seed) if search.sampler == "tpe" else samplers.RandomSampler(seed=seed)


def draw(trial: Trial, search: SearchConfig) -> dict[str, str]:
    """Return the settings of a trial, as they are written on the command line; the same ones whenever it is asked."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of a large range
        return {key: values.draw(key, trial) for key, values in search.space.items()}
