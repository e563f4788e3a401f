"""The data of a run where they lie now: a run folder records their place, and their content says whether they moved."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ganzoo.errors import ConfigError, DataError
from ganzoo.settings.sections import Choice, RunConfig
from ganzoo.zoo.catalogue import Zoo

NAME_PLACE = "--dataset-path PATH (where the run's data lie now: resume writes it into recipe.toml)"
"""Hint for a user whose data are gone, or others than those of the run."""

_PLACES = ("path", "root")
"""Options by which a dataset is told where its files lie."""


def locate(run: RunConfig, path: str | Path | None, zoo: Zoo) -> RunConfig:
    """Return the settings of a run with its data at `path`; None leaves them where they were.

    Raises ConfigError for a dataset that reads no files of the user.
    """
    if path is None:
        return run
    if (place := _find_place(run, zoo)) is None:
        what = f"dataset {run.dataset.name!r} has no path: it comes with its package"
        raise ConfigError(what, hint="leave out --dataset-path")
    options = {**run.dataset.options, place: str(Path(path).expanduser().absolute())}
    return replace(run, dataset=Choice(run.dataset.name, options))


def _find_place(run: RunConfig, zoo: Zoo) -> str | None:
    known = [option.name for option in zoo.entry("dataset", run.dataset.name).options]
    return next((place for place in _PLACES if place in known), None)


@contextmanager
def explain_absence(run: RunConfig, zoo: Zoo) -> Iterator[None]:
    """Let an error about the data of a run say how to name their new place.

    Its own hint would be about other data than those of the run.
    """
    try:
        yield
    except DataError as error:
        if _find_place(run, zoo) is None:
            raise
        raise DataError(error.what, where=error.where, hint=NAME_PLACE) from error
