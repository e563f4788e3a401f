"""Data and weights of the cells of a grid, looked at once before the first cell starts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from ganzoo.contracts import Samples
from ganzoo.data.listing import abridge
from ganzoo.errors import DataError, EvaluationError, GanzooError
from ganzoo.evaluation.before_training import foresee_scores
from ganzoo.evaluation.run_evaluator import RunEvaluator
from ganzoo.grid.plan import PlannedCell
from ganzoo.settings.sections import RunConfig
from ganzoo.zoo.catalogue import Zoo
from ganzoo.zoo.faults import name_plugins
from ganzoo.zoo.loading import load_dataset


def check_needs(cells: Sequence[PlannedCell], zoo: Zoo, note: Callable[[str], None], *, is_here: bool) -> None:
    """Load each dataset and each extractor of the cells once; `note` receives what their scores will lack.

    Raises DataError or EvaluationError, with the cells that need it, if one is not there; unless the cells run on
    other machines (`is_here` is False), where it may be: then that is a note too.
    """
    for alike in _group(cells, lambda run: repr(run.dataset)):
        try:
            _check_dataset(alike, zoo, note)
        except (DataError, EvaluationError) as error:
            if is_here:
                raise
            note(f"not on this machine: {error.what} ({error.where})")


def _check_dataset(cells: Sequence[PlannedCell], zoo: Zoo, note: Callable[[str], None]) -> None:
    """Check the needs of cells of one dataset."""
    run = _run_of(cells[0])
    with _naming_cells(cells):
        samples = _load(run, zoo)
    if samples is None:
        return
    for alike in _group(cells, lambda run: repr((run.features, run.eval, run.conditioner))):
        with _naming_cells(alike):
            for lacking in foresee_scores(RunEvaluator(_run_of(alike[0]), zoo, samples)):
                note(f"{lacking} ({_list(alike)})")


def _load(run: RunConfig, zoo: Zoo) -> Samples | None:
    """Return the samples of a run; None for an error that is not about missing data, which the cell itself reports."""
    try:
        with name_plugins(zoo, tried=run):
            return load_dataset(run.dataset, zoo)
    except DataError:
        raise
    except GanzooError:
        return None


def _group(cells: Sequence[PlannedCell], key: Callable[[RunConfig], str]) -> list[list[PlannedCell]]:
    """Return the cells in groups of one key."""
    groups = defaultdict[str, list[PlannedCell]](list)
    for cell in cells:
        groups[key(_run_of(cell))].append(cell)
    return list(groups.values())


def _run_of(cell: PlannedCell) -> RunConfig:
    assert cell.run is not None  # it is not refused
    return cell.run


@contextmanager
def _naming_cells(cells: Sequence[PlannedCell]) -> Iterator[None]:
    """Let an error say which cells need what is missing."""
    try:
        yield
    except (DataError, EvaluationError) as error:
        where = "; ".join(filter(None, [error.where, f"needed by {_list(cells)}"]))
        raise type(error)(error.what, where=where, hint=error.hint) from error


def _list(cells: Sequence[PlannedCell]) -> str:
    return abridge([cell.name for cell in cells], 3)
