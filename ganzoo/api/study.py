"""`ganzoo.tune`, and the search that it returns."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.api.display import is_in_notebook, is_interactive
from ganzoo.api.grid import Grid
from ganzoo.api.progress import write
from ganzoo.api.words import in_python
from ganzoo.grid.config import GridConfig
from ganzoo.grid.request import plugin_words, read_axes, read_budget, read_engine, read_seeds
from ganzoo.grid.run import Policy
from ganzoo.search.config import PrunerName, SamplerName, SearchConfig, default_folder
from ganzoo.search.results import SearchResults, TrialResult, draw_importances, read_search, write_results
from ganzoo.search.run import SearchObserver, run_search
from ganzoo.search.space import Dimension, read_dimension
from ganzoo.search.trials import Outcome
from ganzoo.zoo.catalogue import Zoo
from ganzoo.zoo.plugins import load_zoo

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Study:
    """A search, read from its folder: `ganzoo.Study("runs/tune")`; all is read anew whenever it is asked for.

    A notebook shows its trials. Its methods raise CheckpointError if there is no search at `path`, and ResourceError
    without the package optuna.
    """

    def __init__(self, path: str | Path, zoo: Zoo | None = None) -> None:
        self.path = Path(path).expanduser()
        self._zoo = zoo

    def __repr__(self) -> str:
        return f"Study({str(self.path)!r})"

    @property
    def results(self) -> SearchResults:
        """All trials, best first, with the name of the score and the importance of each setting."""
        return read_search(self.path)

    @property
    def best(self) -> TrialResult | None:
        """Complete trial with the best mean score; None while there is none."""
        return self.results.best

    @property
    def grid(self) -> Grid:
        """The runs of all trials, as a grid."""
        return Grid(self.path, self._zoo)

    def plot(self) -> Figure:
        """Draw how much each setting matters, by Optuna's importances."""
        return draw_importances(self.results)

    def _repr_html_(self) -> str:
        rows = self.results.rows()
        head = "".join(f"<th>{html.escape(name)}</th>" for name in rows[0]) if rows else ""
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(str(value))}</td>" for value in row.values()) + "</tr>" for row in rows
        )
        return f"<div><b>{html.escape(repr(self))}</b><table><tr>{head}</tr>{body}</table></div>"


class _Lines(SearchObserver):
    """A line on stderr for each trial that ended."""

    def end(self, number: int, settings: dict[str, str], outcome: Outcome) -> None:
        """Say how a trial ended."""
        score = f" {outcome.metric} {outcome.value:.4g}" if outcome.value is not None else ""
        write(f"trial {number} {outcome.state}{score}{f': {outcome.reason}' if outcome.reason else ''} {settings}")


@in_python
def tune(
    recipe: str | Path | None = None, *, space: Mapping[str, Any], trials: int = 20, metric: str | None = None,
    seeds: int | Sequence[int] = 2, sampler: SamplerName = "tpe", sampler_seed: int = 0, pruner: PrunerName = "median",
    budget: str | Mapping[str, float] | None = None, evals: int = 5, options: Mapping[str, Any] | None = None,
    out: str | Path | None = None, engine: str = "local", jobs: int | None = None, cell_timeout: float | None = None,
    progress: bool | None = None, zoo: Zoo | None = None, **settings: Any,
) -> Study:  # fmt: skip
    """Search for good settings: `ganzoo.tune(model="mlp", space={"optim.lr_g": "1e-5..1e-2:log", "loss": [...]})`.

    `space` maps "section.option", or a kind of components, to text as on the command line or to a list of values. What
    all trials share is said as in `ganzoo.run`; `seeds` are averaged. Optuna chooses the settings of `trials` trials;
    the same call goes on in `out`, by default a folder in runs/ that is named after the request. Raises ConfigError,
    FolderError, GridError, RunInterrupted, ResourceError without the package optuna, and the errors of the engine.
    """
    searched = {key: _read_dimension(key, values) for key, values in space.items()}
    axes, flags, sets = _read_settings(recipe, searched, settings, options)
    choice = read_engine(engine, sets, jobs)
    spent = read_budget(budget, {**flags, **sets, **axes})
    config = GridConfig(axes, read_seeds(seeds), flags, sets, spent, evals)
    zoo = zoo or load_zoo()
    search = SearchConfig(searched, config, trials, metric, sampler, pruner, sampler_seed).spelt(zoo.names)
    path = default_folder(search) if out is None else Path(out).expanduser()
    is_shown = progress or (progress is None and (is_in_notebook() or is_interactive()))
    observer = _Lines() if is_shown else SearchObserver()
    policy = Policy(cell_timeout, (), plugin_words(zoo))
    run_search(search, zoo, zoo.create("engine", choice), path, observer, policy=policy, choice=choice)
    write_results(path, read_search(path))
    return Study(path, zoo)


def _read_settings(
    recipe: Any, space: Mapping[str, Dimension], settings: Mapping[str, Any], options: Mapping[str, Any] | None
) -> tuple[dict[str, list[str]], dict[str, Any], dict[str, Any]]:
    """Return the axes, with the ends of what is searched, and what all trials share: of keywords, and of options."""
    ends = {key: list(values.ends) for key, values in space.items()}
    given = {**settings, **{key: values for key, values in ends.items() if "." not in key}}
    axes, flags, sets = read_axes(recipe, given, options)
    return axes | {key: values for key, values in ends.items() if "." in key}, flags, sets


def _read_dimension(key: str, values: Any) -> Dimension:
    """Return the values of one setting: text, or a list whose items are written as on the command line."""
    return read_dimension(key, values if isinstance(values, str) else [str(value) for value in values])
