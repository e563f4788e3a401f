"""`ganzoo.Grid`: the runs of a grid and their table."""

from __future__ import annotations

import html
from collections import Counter
from pathlib import Path
from typing import Any

from ganzoo.api.run import Run
from ganzoo.api.words import in_python
from ganzoo.errors import CheckpointError
from ganzoo.results.comparison import Table, make_table, split
from ganzoo.results.read import Result, read_results
from ganzoo.results.report import write_report
from ganzoo.zoo.catalogue import Zoo


class Grid:
    """A grid, read from its folder: `ganzoo.Grid("runs/grid")`; all is read anew whenever it is asked for.

    A notebook shows its tables. Raises CheckpointError if there is no grid at `path`.
    """

    @in_python
    def __init__(self, path: str | Path, zoo: Zoo | None = None) -> None:
        self.path = Path(path).expanduser()
        self._zoo = zoo
        if not (self.path / "grid.json").is_file():
            hint = f"ganzoo.compare(..., out={str(self.path)!r})"
            raise CheckpointError("this is not the folder of a grid", where=str(self.path), hint=hint)

    def __repr__(self) -> str:
        states = ", ".join(f"{count} {state}" for state, count in Counter(self.states.values()).items())
        return f"Grid({str(self.path)!r}, {states})"

    @property
    def results(self) -> list[Result]:
        """The cells as tables take them, in the order of the grid."""
        return read_results(self.path)

    @property
    def states(self) -> dict[str, str]:
        """Name of each cell -> complete, diverged, failed, timeout, refused, interrupted, running or missing."""
        return {result.name: result.state for result in self.results}

    @property
    def runs(self) -> dict[str, Run]:
        """Name of each cell that has a run -> the run."""
        return {result.name: Run(result.path, self._zoo) for result in self.results if result.path is not None}

    @property
    def best(self) -> Run:
        """Run with the best score of the best row. Raises CheckpointError if no run has a score."""
        row = self.table.rows[0]
        summary = row.summary(self.table.measure)
        if summary is None:
            raise CheckpointError("no run of the grid has a score", where=str(self.path), hint="grid.table")
        choose = min if self.table.better == "lower" else max
        seed = choose(summary.values, key=lambda seed: summary.values[seed])
        path = next(result.path for result in row.results if result.seed == seed and result.path is not None)
        return Run(path, self._zoo)

    @property
    def table(self) -> Table:
        """Table of all cells. Raises EvaluationError if they may not be ranked together: `tables` has them apart."""
        return make_table(self.results)

    @property
    def tables(self) -> dict[str, Table]:
        """Tables of the cells that may be ranked together, by the name of each group."""
        return {name: make_table(runs) for name, runs in split(self.results).runs.items()}

    @in_python
    def report(self, out: str | Path | None = None, **how: Any) -> Path:
        """Write one offline HTML page, by default report.html in the folder of the grid, and return its path."""
        return write_report(self.path, self.path.with_suffix(".html") if out is None else out, **how)

    def _repr_html_(self) -> str:
        tables = self.tables
        heads = {name: f"<h3>{html.escape(name)}</h3>" if len(tables) > 1 else "" for name in tables}
        drawn = "".join(heads[name] + table._repr_html_() for name, table in tables.items())
        return f"<div><b>{html.escape(repr(self))}</b></div>{drawn}"
