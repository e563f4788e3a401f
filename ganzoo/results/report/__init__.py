"""One HTML file that shows many runs: table, effects, curves, samples, diagnosis, settings, protocol, environment.

It opens offline: styles, script, pictures and the plotting library are in it, and its content security policy allows
no requests. Text that comes from runs is escaped.

    columns   the columns of the table
    curves    scores and losses over training
    pictures  sample grids
    diagnoses findings of `ganzoo diagnose`
    styles    colours, dashes and marks of lines
    facts     settings, protocol, environment
    page      all of it as one page
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ganzoo.errors import FolderError
from ganzoo.files import write_output
from ganzoo.results.comparison import make_table
from ganzoo.results.read import Result, as_results
from ganzoo.results.report.page import render


def write_report(
    results: Sequence[Result] | Sequence[str | Path] | str | Path, path: str | Path, *, title: str = "",
    metric: str | None = None, protocol: Mapping[str, str] | None = None,
) -> Path:  # fmt: skip
    """Write the report of these runs, or of those in these folders, completely or not at all, and return its path.

    `metric` is the score that ranks, by its full or short name; `protocol` as in `make_table`. Raises EvaluationError
    and ConfigError as `make_table` does, CheckpointError as `read_results` does, and FolderError if the file cannot be
    written.
    """
    runs, path = as_results(results), Path(path).expanduser()
    page = render(make_table(runs, metric=metric, protocol=protocol), runs, title)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_output(path, page.encode(errors="replace"))
    except OSError as error:
        raise FolderError(f"cannot write the report: {error}", where=str(path), hint="-o report.html") from error
    return path
