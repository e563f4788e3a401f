"""`ganzoo compare`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cli.flags import COMPONENT_OPTIONS, TRAIN_OPTIONS, PluginChoice, add_options, read_flags

if TYPE_CHECKING:
    from ganzoo.contracts import Engine
    from ganzoo.grid.plan import Request

_GROUPING = frozenset("\"'[]{}:")
"""A text with these may be a part of a value with commas in it."""


@click.command(short_help="Train a grid: every combination of some axes over some seeds.")
@click.argument("recipes", nargs=-1, metavar="[RECIPE]...")
@add_options(COMPONENT_OPTIONS)
@click.option("--seeds", default="0..2", show_default=True, metavar="LIST", help="Of every row: 0..2 or 0,5,9.")
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="SECTION.OPTION=VALUES",
    help="Any other setting; several values are an axis: optim.lr_g=1e-4,2e-4.",
)
@click.option("--budget", metavar="UNIT=AMOUNT", help="What each run may cost: steps, images, seconds or flops.")
@click.option(
    "--evals",
    default=5,
    show_default=True,
    metavar="N",
    help="Score and draw each run so often on its way; 0, or --eval-every: as the settings say.",
)
@add_options(TRAIN_OPTIONS)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of the grid; what is there already is not run again.  [default: runs/grid-<hash>]",
)
@click.option(
    "--retry",
    type=click.Choice(["failed", "diverged"]),
    multiple=True,
    help="Run cells again that ended so; may be repeated.",
)
@click.option(
    "--cell-timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="End a cell that takes longer; its row says so.",
)
@click.option("--engine", default="local", show_default=True, metavar="NAME", help="local, ray, or a plugin's.")
@click.option(
    "--jobs", type=int, metavar="N", help="Cells at once, of the local engine.  [default: one per GPU or core]"
)
@click.option("--address", metavar="HOST:PORT", help="Of the cluster, for --engine ray.")
@click.option("--dry-run", is_flag=True, help="Try a step of every row, list the cells and their time; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="End with one JSON object on stdout.")
@click.pass_obj
def compare(
    plugins: PluginChoice, /, recipes: tuple[str, ...], seeds: str, assignments: tuple[str, ...], budget: str | None,
    evals: int, out: Path | None, retry: tuple[Any, ...], cell_timeout: float | None, engine: str, jobs: int | None,
    address: str | None, dry_run: bool, as_json: bool, **flags: Any,
) -> None:  # fmt: skip
    """Train every combination of models, losses, enforcers, conditioners, datasets, RECIPEs and settings.

    \b
    ganzoo compare --loss bce,wgan,hinge --lipschitz none,clip,gp --seeds 0..2
    ganzoo compare sngan wgan_gp --dataset mnist --budget images=2e6
    ganzoo compare --loss hinge --lipschitz sn --set optim.lr_d=1e-4,4e-4

    Values with commas between them are an axis. Type the same again to run what is missing. A combination that
    cannot be is a row that says why; so is a run that diverges, dies or hangs, and then the exit code is 8.
    """
    from ganzoo.settings.sections import Choice

    plugins.refuse_unknown({"engine.name": engine}, *_read_names(recipes, flags))
    request, options = _read_request(recipes, seeds, assignments, budget, evals, flags)
    options |= {key: value for key, value in (("jobs", jobs), ("address", address)) if value is not None}
    zoo = plugins.load()
    worker: Engine = zoo.create("engine", Choice(engine, options))
    path = out or Path("runs") / f"grid-{hashlib.sha256(repr(request).encode()).hexdigest()[:8]}"

    from ganzoo.cells import FAILURES
    from ganzoo.cli import compare_view
    from ganzoo.errors import GridError
    from ganzoo.grid.plan import plan
    from ganzoo.grid.run import Manner, rehearse_for, run_grid

    if dry_run:
        compare_view.print_plan(plan(request, zoo, rehearse_for(worker, zoo)), worker, as_json)
        return
    manner = Manner(cell_timeout, retry, plugins.words)
    with compare_view.GridDisplay() as display:
        states = run_grid(request, zoo, worker, path, display, manner=manner, described={"name": engine, **options})
    compare_view.print_outcome(path, as_json)
    if bad := [name for name, state in states.items() if state in FAILURES]:
        what = f"{len(bad)} of {len(states)} cells diverged, failed or ran out of time: {', '.join(bad[:5])}"
        raise GridError(what, where=str(path), hint="the same command with --retry failed or --retry diverged")
    if unfinished := [name for name, state in states.items() if state in ("missing", "interrupted")]:
        what = f"{len(unfinished)} of {len(states)} cells have not ended: {', '.join(unfinished[:5])}"
        raise GridError(what, where=str(path), hint="the same command goes on with them")


def _read_names(recipes: Sequence[str], flags: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield what the axes of components and recipes name, as settings; `plan` looks closer. Raises ConfigError."""
    from ganzoo.settings.kinds import KINDS
    from ganzoo.settings.toml import parse_component
    from ganzoo.zoo.recipes import find_recipe

    texts = [(kind, text.strip()) for kind in KINDS for text in (flags[kind] or "").split(",")]
    yield from (parse_component(kind, text) for kind, text in texts if text and not _GROUPING & {*text})
    names = [name.strip() for name in ",".join(recipes).split(",")]
    yield from (find_recipe(name).values for name in names if name and not _GROUPING & {*name})


def _read_request(
    recipes: Sequence[str],
    seeds: str,
    assignments: Sequence[str],
    budget: str | None,
    evals: int,
    flags: dict[str, Any],
) -> tuple[Request, dict[str, Any]]:
    """Return what the command line asks for, and the options of the engine. Raises ConfigError."""
    from ganzoo.errors import ConfigError
    from ganzoo.grid.plan import ALWAYS, Request, parse_budget, parse_seeds, split_values
    from ganzoo.settings.kinds import DEFAULT_NAMES, KINDS
    from ganzoo.settings.toml import parse_assignment

    axes: dict[str, list[str]] = {"recipe": split_values(",".join(recipes))} if recipes else {}
    for kind in KINDS:
        if kind != "features" and (text := flags.pop(kind)) is not None:
            axes[kind] = split_values(text)
        elif kind in ALWAYS and not recipes:
            axes[kind] = [DEFAULT_NAMES[kind]]
    sets, options = {}, {}
    for text in assignments:
        key, _ = parse_assignment(text)
        values = split_values(text.partition("=")[2])
        if key == "train.seed" or key in {f"{kind}.name" for kind in KINDS}:
            flag = "seeds" if key == "train.seed" else key.partition(".")[0]
            raise ConfigError(f"--set {key} does not make an axis", hint=f"--{flag} {','.join(values)}")
        if key.startswith("engine."):
            options[key.removeprefix("engine.")] = parse_assignment(text)[1]
        elif len(values) < 2:
            sets[key] = parse_assignment(text)[1]
        elif key.startswith(("eval.", "features.")):
            hint = f"for one value with a comma in it: --set '{key}=\"a,b\"'"
            raise ConfigError(f"{key} is no axis: scores could not be compared", hint=hint)
        else:
            axes[key] = values
    if empty := [key for key, values in axes.items() if not values]:
        raise ConfigError(f"--{empty[0]} names nothing", hint=f"ganzoo list {empty[0]}")
    said = read_flags(**flags)
    if budget is not None and "train.steps" in said | sets | axes:
        raise ConfigError("--budget and the number of steps both say how long a run is", hint="one of them")
    spent = parse_budget(budget) if budget is not None else None
    return Request(axes, parse_seeds(seeds), said, sets, spent, evals), options
