"""`ganzoo.compare`."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar, get_args

from ganzoo.api.grid import Grid
from ganzoo.api.grid_progress import choose_grid_observer
from ganzoo.api.words import in_python
from ganzoo.errors import ConfigError
from ganzoo.grid.config import GridConfig, default_folder
from ganzoo.grid.request import plugin_words, read_axes, read_budget, read_engine, read_seeds
from ganzoo.grid.run import Policy, Retry, run_grid
from ganzoo.zoo.catalogue import Zoo
from ganzoo.zoo.plugins import load_zoo

T = TypeVar("T")
Several: TypeAlias = T | Sequence[T]
"""One value, or the values of an axis."""


@in_python
def compare(
    recipe: Several[str | Path] | None = None, *, model: Several[str] | None = None, loss: Several[str] | None = None,
    lipschitz: Several[str] | None = None, conditioner: Several[str] | None = None, augment: Several[str] | None = None,
    regularizer: Several[str] | None = None, dataset: Several[str | Path] | None = None, features: str | None = None,
    seeds: int | Sequence[int] = 3, steps: Several[int] | None = None, budget: str | Mapping[str, float] | None = None,
    device: Literal["auto", "cpu", "cuda"] | None = None, batch_size: Several[int] | None = None,
    image_size: Several[int] | None = None, data_root: str | Path | None = None, samples: int | None = None,
    metrics: str | None = None, evals: int = 5, options: Mapping[str, Any] | None = None,
    out: str | Path | None = None, engine: str = "local", jobs: int | None = None,
    retry: Collection[Retry] = (), cell_timeout: float | None = None, progress: bool | None = None,
    zoo: Zoo | None = None, **train: Any,
) -> Grid:  # fmt: skip
    """Train every combination over some seeds: `ganzoo.compare(model="mlp", loss=["bce", "wgan"], seeds=3)`.

    Lists are axes, also among the values of `options`; what is no list is the same for all cells, and is said as in
    `ganzoo.run`. `seeds` are 0 to n - 1, or those of a list; `budget` is what each run may cost, {"images": 2e5};
    `evals` is how often a run is scored on its way. Cells are processes of their own, `jobs` at once, so that a
    script needs no `if __name__`. The same call goes on with what is missing in `out`, by default a folder in runs/
    that is named after the request; `retry=["failed"]` runs failed cells again.

    Combinations that are refused, and runs that fail, are rows of the table that say why, and a warning. Raises
    ConfigError, FolderError, RunInterrupted, and the errors of the engine.
    """
    given = {name: value for name, value in locals().items() if name not in _OTHERS} | train
    _refuse_results(recipe, given)
    axes, flags, sets = read_axes(recipe, given, options)
    choice = read_engine(engine, sets, jobs)
    spent = read_budget(budget, {**flags, **sets, **axes})
    config = GridConfig(axes, read_seeds(seeds), flags, sets, spent, evals)
    return _train(config, choice, out, zoo or load_zoo(), Policy(cell_timeout, retry), progress)


_OTHERS = {
    *("recipe", "seeds", "budget", "evals", "options", "out", "engine", "jobs"),
    *("retry", "cell_timeout", "progress", "zoo", "train"),
}
"""Parameters that are no settings of a run."""
_OF_TABLES = {"group_by", "metric", "checkpoint", "sort", "protocol"}


def _refuse_results(recipe: Any, given: Mapping[str, Any]) -> None:
    """Raise ConfigError for the arguments of the function that makes a table of runs."""
    asked = [recipe] if isinstance(recipe, str | Path) or recipe is None else list(recipe)
    is_table = any(not isinstance(each, str | Path | None) or Path(each or "-").is_dir() for each in asked)
    if is_table or _OF_TABLES & given.keys():
        what = "compare trains a grid; the table of runs that are there is make_table"
        raise ConfigError(what, hint='ganzoo.make_table("runs/grid"), or ganzoo.make_table(results, metric="kid")')


def _train(
    config: GridConfig, choice: Any, out: str | Path | None, zoo: Zoo, policy: Policy, progress: bool | None
) -> Grid:
    """Run the cells that are missing, and warn of those that did not come through."""
    config = config.spelt(zoo.names)
    path = default_folder(config) if out is None else Path(out).expanduser()
    policy = replace(policy, retry=_read_retry(policy.retry), plugins=plugin_words(zoo))
    observer = choose_grid_observer(progress)
    states = run_grid(config, zoo, zoo.create("engine", choice), path, observer, policy=policy, choice=choice)
    grid = Grid(path, zoo)
    if failed := [name for name, state in states.items() if state not in ("complete", "refused")]:
        ways = 'retry=["failed"] runs such cells again, retry=["diverged"] those that diverged'
        what = f"{len(failed)} of {len(states)} cells did not come through: {', '.join(failed[:5])} ({ways})"
        warnings.warn(what, stacklevel=4)
    return grid


def _read_retry(retry: Any) -> tuple[Retry, ...]:
    """Return kinds of endings. Raises ConfigError for others."""
    kinds = (retry,) if isinstance(retry, str) else tuple(retry)
    if unknown := set(kinds) - set(get_args(Retry)):
        raise ConfigError(f"retry={sorted(unknown)} names no ending", hint='retry=["failed"], or retry=["diverged"]')
    return kinds
