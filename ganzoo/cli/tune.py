"""`ganzoo tune`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cli.compare import read_grid, spell_grid
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
from ganzoo.cli.places import require_grid_folder
from ganzoo.cli.ranges import FiniteRange, Whole, one_of

if TYPE_CHECKING:
    from ganzoo.search.config import SearchConfig
    from ganzoo.search.space import Space
    from ganzoo.settings.sections import Choice


@click.command(cls=GroupedCommand, short_help="Search for good settings: trials that Optuna chooses.")
# What is searched, and what all trials share.
@click.argument("recipe", required=False, shell_complete=complete_recipe)
@RECIPE_FILE
@click.option("--tune", "space", metavar="SETTING=VALUES", multiple=True, shell_complete=complete_setting,
              help="Setting to search: optim.lr_g=1e-5..1e-2:log, model.width=16..64, or loss=bce,hinge; may be "
              "repeated.")  # fmt: skip
@click.option("--trials", metavar="N", type=Whole(1, 100_000), default=20, show_default=True,
              help="Trials in all; more of them go on with the same search.")  # fmt: skip
@click.option("--metric", metavar="NAME", help="Score to improve, such as fid or kid.  [default: fid]")
@click.option("--sampler", type=one_of("tpe", "random"), default="tpe", show_default=True,
              help="How Optuna chooses settings.")  # fmt: skip
@click.option("--sampler-seed", metavar="N", type=Whole(0), default=0, show_default=True,
              help="Seed of these choices.")  # fmt: skip
@click.option("--pruner", type=one_of("median", "none"), default="median", show_default=True,
              help="End trials that score worse than the median of those before, at the same step.")  # fmt: skip
@add_options(COMPONENT_OPTIONS)
@click.option(
    "--seeds",
    metavar="LIST",
    default="0..1",
    show_default=True,
    help="Seeds of every trial; scores are averaged.",
)
@click.option("--set", "assignments", metavar="SECTION.OPTION=VALUE", multiple=True, shell_complete=complete_setting,
              help="Any other setting, the same for all trials.")  # fmt: skip
@click.option("--budget", metavar="UNIT=AMOUNT", help="Cost of each run in steps, images or flops.")
@click.option("--evals", metavar="N", type=Whole(0, 10_000), default=5, show_default=True,
              help="Score each run N times on its way; 0, or --eval-every: as the settings say.")  # fmt: skip
@add_options(TRAIN_OPTIONS)
# Where the cells run.
@click.option("--out", metavar="DIR", type=click.Path(path_type=Path),
              help="Folder of the search; trials there are not run again.  [default: runs/tune-<hash>]")  # fmt: skip
@click.option("--cell-timeout", metavar="SECONDS", type=FiniteRange(0, 1e8, min_open=True),
              help="End a run that takes longer; its trial has failed.")  # fmt: skip
@ENGINE
@click.option("--jobs", metavar="N", type=Whole(1),
              help="Runs at once, for the local engine.  [default: one per GPU or core]")  # fmt: skip
@ADDRESS
@FOLLOW_LINKS
@click.option("--json", "as_json", is_flag=True, help="End with one JSON object on stdout.")
@click.pass_obj
def tune(
    plugins: PluginChoice, /, out: Path | None, cell_timeout: float | None, follow_links: bool, as_json: bool,
    **words: Any,
) -> None:  # fmt: skip
    """Search for the settings with the best score, by trials that Optuna chooses from what it knows so far.

    \b
    ganzoo tune --dataset gaussians8 --model mlp --tune optim.lr_g=1e-5..1e-2:log
    ganzoo tune wgan_gp --tune lipschitz.weight=1,3,10 --trials 9 --seeds 0..2

    A trial is a row of a grid: the same settings over all seeds. Type the same again to go on with what is missing.
    A trial that scores worse than most at the same step is pruned, and one of which a run diverges or fails has a
    reason in place of a score. The folder is one of a grid too: ganzoo table and report read it.
    """
    search, choice = read_search_words(plugins, **words)
    from ganzoo.search.config import default_folder

    require_grid_folder(path := out or default_folder(search))
    zoo = plugins.load()

    from ganzoo.cli.tune_view import SearchDisplay, print_search
    from ganzoo.grid.run import Policy
    from ganzoo.search.run import run_search

    policy = Policy(cell_timeout, (), plugins.words, follow_links)
    with SearchDisplay() as display:
        run_search(search, zoo, zoo.create("engine", choice), path, display, policy=policy, choice=choice)
    print_search(path, as_json)


def read_search_words(
    plugins: PluginChoice, recipe: str | None, space: Sequence[str], assignments: Sequence[str], **words: Any
) -> tuple[SearchConfig, Choice]:  # fmt: skip
    """Return the search that the command line asks for, and the choice of its engine. Raises ConfigError."""
    from ganzoo.search.config import SearchConfig
    from ganzoo.search.space import parse_space

    how = {name: words.pop(name) for name in ("trials", "metric", "sampler", "sampler_seed", "pruner")}
    searched = parse_space(space)
    _add_space(words, searched)
    ends = [f"{key}={','.join(values.ends)}" for key, values in searched.items() if "." in key]
    config, choice = read_grid(recipes=[recipe] if recipe else [], assignments=[*ends, *assignments], **words)
    search = SearchConfig(searched, config, **how)
    search.require_one_value()
    config, choice = spell_grid(config, choice, plugins)
    return replace(search, grid=config), choice


def _add_space(words: dict[str, Any], space: Space) -> None:
    """Add the components that are searched to those of the command line. Raises ConfigError for what is there twice."""
    from ganzoo.errors import ConfigError
    from ganzoo.search.space import EXAMPLE

    if not space:
        raise ConfigError("nothing says which settings are searched", hint=EXAMPLE)
    for key, values in space.items():
        if "." not in key and words.get(key) is not None:
            raise ConfigError(f"--tune {key} and --{key} both say what {key} is", hint=f"leave out --{key}")
        if "." not in key:
            words[key] = ",".join(values.ends)
