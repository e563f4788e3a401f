"""Commands to type next after a command has ended: each works as it stands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cli.output import choices
from ganzoo.runs.paths import quote_path

if TYPE_CHECKING:
    from ganzoo.runs.run import Run


def print_next(commands: Sequence[str], *, aside: bool = False) -> None:
    """Print commands to type next, unless --quiet; `aside` is for stderr, where stdout is read by programs."""
    if commands and not choices().quiet:
        click.echo("\n".join(["next", *(f"  {command}" for command in commands)]), err=aside)


def after_training(run: Run, command: str) -> list[str]:
    """Return what is worth typing after a run; `command` is ganzoo, with the flags of its plugins."""
    from ganzoo.data.drawing import has_picture

    path, steps = quote_path(run.path), run.config.train.steps
    walk = f"{command} sample {path} --interpolate"
    going_on = f"{command} resume {path} --steps {2 * steps}"
    if run.status.get("state") in ("interrupted", "running"):
        going_on = f"{command} resume {path}"
    seeds = f"{command} compare {quote_path(run.path / 'recipe.toml')} --seeds 3"
    return [
        *([walk] if has_picture(run.data) else []),
        f"{command} diagnose {path}",
        f"ganzoo report {path} -o report.html",
        going_on,
        *([f"ganzoo table {quote_path(run.path.parent)}"] if _has_neighbours(run.path) else [seeds]),
        show_events(run.path),
    ]


def after_scores(path: Path, command: str) -> list[str]:
    """Return what is worth typing after a run, or a set of images, was scored."""
    if not (path / "recipe.toml").is_file():
        return ["ganzoo explain protocol"]
    table = [f"ganzoo table {quote_path(path.parent)}"] if _has_neighbours(path) else []
    return [f"{command} diagnose {quote_path(path)}", f"ganzoo report {quote_path(path)} -o report.html", *table]


def after_diagnosis(path: Path) -> list[str]:
    """Return what is worth typing after a run was diagnosed: its findings and pictures on one page."""
    return [f"ganzoo report {quote_path(path)} -o report.html"]


def show_events(path: Path) -> str:
    """Return the command that shows the events of a run under its name, beside those of other runs."""
    name = path.resolve().name
    if path.parent.name not in ("", ".."):
        return f"tensorboard --logdir {quote_path(path.parent)}"
    if ":" in name or "," in name:  # which have a meaning in the other flag
        return f"tensorboard --logdir {quote_path(path / 'tb')}"
    return f"tensorboard --logdir_spec {quote_path(Path(f'{name}:{path}/tb'))}"  # much else may lie beside it


def _has_neighbours(path: Path) -> bool:
    """Return whether other runs lie beside a run, in a folder that is not the working folder."""
    return bool(path.parent.name) and any(other.parent != path for other in path.parent.glob("*/recipe.toml"))
