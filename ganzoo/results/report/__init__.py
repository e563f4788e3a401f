"""One HTML file that shows many runs: table, effects, curves, samples, diagnosis, settings, protocol, environment.

It opens offline: styles, script, pictures and the plotting library are in it, and its content security policy lets
nothing be fetched. What comes from runs is text there, never markup.

    columns   the table's rows as cells
    curves    scores and losses over training
    pictures  sample grids
    diagnoses what `ganzoo diagnose` found
    styles    colours, dashes and marks of lines
    facts     settings, protocol, environment
    page      all of it as one page
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ganzoo.errors import FolderError
from ganzoo.files import write_atomically
from ganzoo.results.comparison import compare
from ganzoo.results.read import Result
from ganzoo.results.report.page import render


def write_report(results: Sequence[Result], path: Path, *, title: str = "", metric: str | None = None) -> Path:
    """Write the report of these runs, whole or not at all, and return its path.

    `metric` is the score that ranks, by a short name too. Raises what `comparison.compare` raises, EvaluationError
    for runs that may not be ranked together; CheckpointError for a diagnosis that cannot be read; FolderError where
    the file cannot be written.
    """
    page = render(compare(results, metric=metric), results, title)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, page.encode())
    except OSError as error:
        raise FolderError(f"cannot write the report: {error}", where=str(path), hint="-o report.html") from error
    return path
