"""Output of `ganzoo tune`: trials as they end, and the table at the end."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import click

from ganzoo.cli.grid_progress import GridDisplay
from ganzoo.cli.next_steps import print_next
from ganzoo.cli.output import choices
from ganzoo.cli.terminal import print_table
from ganzoo.runs.paths import quote_path
from ganzoo.search.results import SearchResults, TrialResult, read_search, write_results
from ganzoo.search.run import SearchObserver
from ganzoo.search.trials import Outcome

REASON = 60
"""Characters of a reason in the table; trials.csv has all of it."""


class _CellsDisplay(GridDisplay):
    """Bars of the cells of a batch of trials; how each trial ended is a line of its own."""

    def _say(self, text: str, style: str = "") -> None:
        if "cells to run" not in text and "cell to run" not in text:
            super()._say(text, style)


class SearchDisplay(SearchObserver):
    """A line for each trial that ended, on stderr; and while its cells run, what a grid shows of them."""

    def __init__(self) -> None:
        self._cells: GridDisplay | None = None
        self._count, self._ended = 0, 0

    def __enter__(self) -> SearchDisplay:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        if self._cells is not None:
            self._cells.__exit__(None, None, None)
            self._cells = None

    def note(self, text: str) -> None:
        """Print a remark."""
        self._say(f"note: {text}")

    def start(self, path: Path, count: int, present: int) -> None:
        """Print how many trials are to run."""
        self._count, self._ended = count, 0
        self._say(f"{count} {'trial' if count == 1 else 'trials'} to run, {present} there already\nfolder: {path}")

    def cells(self) -> GridDisplay:
        """Return the bars of the next cells."""
        self._close()
        self._cells = _CellsDisplay()
        return self._cells

    def end(self, number: int, settings: dict[str, str], outcome: Outcome) -> None:
        """Print how a trial ended."""
        self._close()
        self._ended += 1
        score = f"  {outcome.metric} {outcome.value:.4g}" if outcome.value is not None else ""
        reason = f": {outcome.reason}" if outcome.reason else ""
        words = " ".join(f"{key}={shorten(value)}" for key, value in settings.items())
        self._say(f"{self._ended}/{self._count}  trial {number}  {words}  {outcome.state}{score}{reason}")

    def _say(self, text: str) -> None:
        if not choices().quiet:
            with suppress(OSError):  # the terminal may be closed
                click.echo(text, err=True)


def shorten(text: str) -> str:
    """Return a value as it is shown: a number with four digits."""
    try:
        return f"{float(text):.4g}"
    except ValueError:
        return text


def print_search(path: Path, as_json: bool) -> None:
    """Print the table of a search, write its files, and print what to type next."""
    results = read_search(path)
    files = write_results(path, results)
    if as_json:
        click.echo(json.dumps(_to_json(path, results)))
        return
    print_table([_show(row) for row in results.rows()])
    if results.metric:
        click.echo(f"\n{results.metric}, {results.better} is better; mean over the seeds of each trial")
    if results.importances:
        shares = ", ".join(f"{key} {share:.2f}" for key, share in results.importances.items())
        click.echo(f"importance: {shares}")
    for file in files:
        click.echo(f"file: {file}")
    if results.best is not None:
        print_next(_next(path, results.best))


def _show(row: Mapping[str, object]) -> dict[str, str]:
    """Return a row with four digits and a reason that fits."""
    shown = {key: shorten(str(value)) if key not in ("trial", "state", "reason") else str(value)
             for key, value in row.items()}  # fmt: skip
    reason = shown["reason"]
    return shown | {"reason": reason if len(reason) <= REASON else reason[: REASON - 1] + "…"}


def _next(path: Path, best: TrialResult) -> list[str]:
    """Return the commands that look at the best trial: with seeds that did not choose it, its score is no lucky one."""
    seed = min(map(int, best.scores or {"0": 0}))
    recipe = quote_path(path / "cells" / f"trial-{best.number}-s{seed}" / "recipe.toml")
    return [f"ganzoo compare {recipe} --seeds 100..102", f"ganzoo report {quote_path(path)} -o report.html"]


def _to_json(path: Path, results: SearchResults) -> dict[str, object]:
    trials = [vars(trial) for trial in results.trials]
    about = {"metric": results.metric, "better": results.better, "importances": results.importances}
    return {"search": str(path), **about, "trials": trials}
