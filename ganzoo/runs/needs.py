"""Data and weights of many runs, looked at once before the first of them starts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from ganzoo.contracts import Samples
from ganzoo.data.listing import abridge
from ganzoo.errors import DataError, EvaluationError, GanzooError
from ganzoo.evaluation.before_training import foresee_scores
from ganzoo.evaluation.run_evaluator import RunEvaluator
from ganzoo.settings.sections import RunConfig
from ganzoo.zoo.catalogue import Zoo
from ganzoo.zoo.faults import name_plugins
from ganzoo.zoo.loading import load_dataset

Runs = Mapping[str, RunConfig]
"""Settings of runs, by the names of the runs."""


def check_needs(runs: Runs, zoo: Zoo, note: Callable[[str], None], *, is_here: bool) -> None:
    """Load each dataset and each extractor of some runs once; `note` receives what their scores will lack.

    Raises DataError or EvaluationError, with the runs that need it, if one is not there; unless they run on other
    machines (`is_here` is False), where it may be: then that is a note too.
    """
    for alike in _group(runs, lambda run: repr(run.dataset)):
        try:
            _check_dataset(alike, zoo, note)
        except (DataError, EvaluationError) as error:
            if is_here:
                raise
            note(f"not on this machine: {error.what} ({error.where})")


def _check_dataset(runs: Runs, zoo: Zoo, note: Callable[[str], None]) -> None:
    """Check the needs of runs of one dataset."""
    run = next(iter(runs.values()))
    with _naming(runs):
        samples = _load(run, zoo)
    if samples is None:
        return
    for alike in _group(runs, lambda run: repr((run.features, run.eval, run.conditioner))):
        with _naming(alike):
            for lacking in foresee_scores(RunEvaluator(next(iter(alike.values())), zoo, samples)):
                note(f"{lacking} ({_list(alike)})")


def _load(run: RunConfig, zoo: Zoo) -> Samples | None:
    """Return the samples of a run; None for an error that is not about missing data, which the run itself reports."""
    try:
        with name_plugins(zoo, tried=run):
            return load_dataset(run.dataset, zoo)
    except DataError:
        raise
    except GanzooError:
        return None


def _group(runs: Runs, key: Callable[[RunConfig], str]) -> list[Runs]:
    """Return the runs in groups of one key."""
    groups = defaultdict[str, dict[str, RunConfig]](dict)
    for name, run in runs.items():
        groups[key(run)][name] = run
    return list(groups.values())


@contextmanager
def _naming(runs: Runs) -> Iterator[None]:
    """Let an error say which runs need what is missing."""
    try:
        yield
    except (DataError, EvaluationError) as error:
        where = "; ".join(filter(None, [error.where, f"needed by {_list(runs)}"]))
        raise type(error)(error.what, where=where, hint=error.hint) from error


def _list(runs: Runs) -> str:
    return abridge(list(runs), 3)
