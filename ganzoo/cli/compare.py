"""`ganzoo compare`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cli.completers import complete_recipe, complete_setting
from ganzoo.cli.flags import (
    ADDRESS,
    COMPONENT_OPTIONS,
    ENGINE,
    FOLLOW_LINKS,
    RECIPE_FILE,
    TRAIN_OPTIONS,
    PluginChoice,
    add_options,
)
from ganzoo.cli.grouped_help import GroupedCommand
from ganzoo.cli.mistakes import refuse_loose_values
from ganzoo.cli.places import require_grid_folder
from ganzoo.cli.ranges import FiniteRange, Whole, one_of
from ganzoo.cli.settings import read_flags

if TYPE_CHECKING:
    from ganzoo.contracts import Engine
    from ganzoo.grid.config import GridConfig
    from ganzoo.settings.sections import Choice
    from ganzoo.zoo.catalogue import Zoo


@click.command(cls=GroupedCommand, short_help="Train a grid: every combination of some axes over some seeds.")
# Axes, and what all cells share.
@click.argument("recipes", nargs=-1, metavar="[RECIPE]...", shell_complete=complete_recipe)
@RECIPE_FILE
@add_options(COMPONENT_OPTIONS)
@click.option(
    "--seeds", metavar="LIST", default="0..2", show_default=True, help="Seeds of every row: 3 is 0..2; 0,5,9 are these."
)
@click.option("--set", "assignments", metavar="SECTION.OPTION=VALUES", multiple=True,
              shell_complete=complete_setting,
              help="Any other setting; several values are an axis: optim.lr_g=1e-4,2e-4.")  # fmt: skip
@click.option("--budget", metavar="UNIT=AMOUNT", help="Cost of each run in steps, images, seconds or flops.")
@click.option("--evals", metavar="N", type=Whole(0, 10_000), default=5, show_default=True,
              help="Score and draw each run N times on its way; 0, or --eval-every: as the settings say.")  # fmt: skip
@add_options(TRAIN_OPTIONS)
# Where the cells run, and which run again.
@click.option("--out", metavar="DIR", type=click.Path(path_type=Path),
              help="Folder of the grid; cells there are not run again.  [default: runs/grid-<hash>]")  # fmt: skip
@click.option("--retry", type=one_of("failed", "diverged"), multiple=True,
              help="Run failed or diverged cells again; may be repeated.")  # fmt: skip
@click.option("--cell-timeout", metavar="SECONDS", type=FiniteRange(0, 1e8, min_open=True),
              help="End a cell that takes longer; its row says so.")  # fmt: skip
@ENGINE
@click.option("--jobs", metavar="N", type=Whole(1),
              help="Cells at once, for the local engine.  [default: one per GPU or core]")  # fmt: skip
@ADDRESS
# What is shown.
@click.option("--dry-run", is_flag=True, help="Try a step of every row, list the cells and their time; write nothing.")
@FOLLOW_LINKS
@click.option("--json", "as_json", is_flag=True, help="End with one JSON object on stdout.")
@click.pass_obj
def compare(
    plugins: PluginChoice, /, out: Path | None, retry: tuple[Any, ...], cell_timeout: float | None, dry_run: bool,
    follow_links: bool, as_json: bool, **words: Any,
) -> None:  # fmt: skip
    """Train every combination of models, losses, enforcers, conditioners, datasets, RECIPEs and settings.

    \b
    ganzoo compare --loss bce,wgan,hinge --lipschitz none,clip,gp --seeds 0..2
    ganzoo compare sngan wgan_gp --dataset mnist --budget images=2e6
    ganzoo compare --loss hinge --lipschitz sn --set optim.lr_d=1e-4,4e-4

    Values with commas between them are an axis. Type the same again to run what is missing. A combination that
    is refused is a row that says why; so is a run that diverges, dies or hangs, and then the exit code is 8.
    """
    config, choice = spell_grid(*read_grid(**words), plugins)
    require_grid_folder(path := out or _default_folder(config))
    zoo = plugins.load()
    engine = zoo.create("engine", choice)
    if dry_run:
        _show_plan(config, zoo, engine, path, as_json)
        return

    from ganzoo.cli import compare_view, grid_progress
    from ganzoo.grid.run import Policy, run_grid

    policy = Policy(cell_timeout, retry, plugins.words, follow_links)
    with grid_progress.GridDisplay() as display:
        states = run_grid(config, zoo, engine, path, display, policy=policy, choice=choice)
    compare_view.print_outcome(path, as_json)
    _refuse_unfinished(states, path)


def read_grid(
    recipes: Sequence[str], file: Path | None, seeds: str, assignments: Sequence[str], budget: str | None, evals: int,
    engine: str, **flags: Any,
) -> tuple[GridConfig, Choice]:  # fmt: skip
    """Return the grid that the command line asks for, and the choice of its engine. Raises ConfigError."""
    from ganzoo.errors import ConfigError
    from ganzoo.grid.axes import AXIS_KINDS, component_axes, parse_seeds, split_assignments
    from ganzoo.grid.config import GridConfig, parse_budget
    from ganzoo.settings.sections import Choice

    refuse_loose_values(recipes)
    if (names := flags.pop("optimizer")) is not None:
        assignments = [f"optim.name={names}", *assignments]
    axes, sets = split_assignments(assignments)
    recipes = [*recipes, *([str(file)] if file else [])]
    axes = component_axes(recipes, {kind: flags.pop(kind) for kind in AXIS_KINDS}) | axes
    values = read_flags(**flags)
    choice = Choice(engine, _take_engine(sets) | _take_engine(values))
    if budget is not None and "train.steps" in {**values, **sets, **axes}:
        raise ConfigError(
            "--budget and the number of steps both say how long a run is",
            hint="leave out --steps, or leave out --budget",
        )
    spent = parse_budget(budget) if budget is not None else None
    return GridConfig(axes, parse_seeds(seeds), values, sets, spent, evals), choice


def spell_grid(config: GridConfig, engine: Choice, plugins: PluginChoice) -> tuple[GridConfig, Choice]:
    """Return a grid and its engine with names as they are known. Raises ConfigError for one that nothing has."""
    from dataclasses import replace

    from ganzoo.zoo.names import spell_name

    known = plugins.known_names(*_read_names(config, engine))
    return config.spelt(known), replace(engine, name=spell_name("engine", engine.name, known["engine"]))


def _take_engine(settings: dict[str, Any]) -> dict[str, Any]:
    """Remove the options of the engine from settings, and return them."""
    keys = [key for key in settings if key.startswith("engine.")]
    return {key.removeprefix("engine."): settings.pop(key) for key in keys}


def _read_names(config: GridConfig, engine: Choice) -> Iterator[Mapping[str, Any]]:
    """Yield the names of the engine, of components and of recipes, as settings. Raises ConfigError."""
    from ganzoo.grid.axes import AXIS_KINDS
    from ganzoo.settings.toml import parse_component
    from ganzoo.zoo.recipes import find_recipe

    yield {"engine.name": engine.name}
    for kind in AXIS_KINDS:
        yield from (parse_component(kind, text) for text in config.axes.get(kind, ()))
    yield from ({key: text} for key, values in config.axes.items() if "." in key for text in values)
    yield from (find_recipe(name).values for name in config.axes.get("recipe", ()))


def _show_plan(config: GridConfig, zoo: Zoo, engine: Engine, path: Path, as_json: bool) -> None:
    """Look for data and weights, try a step of every row, and print the cells with their time."""
    from ganzoo.cli.compare_view import print_plan
    from ganzoo.cli.grid_progress import GridDisplay
    from ganzoo.grid.folder import GridFolder
    from ganzoo.grid.plan import plan
    from ganzoo.grid.run import dry_runner_for, look_ahead

    look_ahead(config, zoo, engine, GridFolder(path), GridDisplay())
    print_plan(plan(config, zoo, dry_runner_for(engine, zoo)), engine, as_json)


def _default_folder(config: GridConfig) -> Path:
    from ganzoo.grid.config import default_folder

    return default_folder(config)


def _refuse_unfinished(states: Mapping[str, str], path: Path) -> None:
    """Raise GridError if cells failed, or have not ended."""
    from ganzoo.cells import FAILURES
    from ganzoo.errors import GridError

    failed = [name for name, state in states.items() if state in FAILURES]
    if failed:
        what = f"{len(failed)} of {len(states)} cells diverged, failed or ran out of time: {', '.join(failed[:5])}"
        raise GridError(what, where=str(path), hint="--retry failed (once more), or --retry diverged")
    unfinished = [name for name, state in states.items() if state in ("missing", "interrupted")]
    if unfinished:
        what = f"{len(unfinished)} of {len(states)} cells have not ended: {', '.join(unfinished[:5])}"
        raise GridError(what, where=str(path), hint="the same command goes on with them")
