"""`ganzoo export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cli.flags import FOLLOW_LINKS, PluginChoice, keeping_stdout
from ganzoo.cli.grouped_help import GroupedCommand
from ganzoo.cli.next_steps import print_next
from ganzoo.cli.places import require_run
from ganzoo.cli.ranges import Whole
from ganzoo.cli.run_names import RunName
from ganzoo.runs.paths import quote_path

if TYPE_CHECKING:
    from ganzoo.export.write import Exported


@click.command(cls=GroupedCommand, short_help="Write the generator of a run: ONNX, torch.export, safetensors, a card.")
@click.argument("run", type=RunName())
@click.argument("out", required=False, type=click.Path(path_type=Path))
@click.option("-o", "--out", "other", type=click.Path(path_type=Path),
              help="FILE.onnx, FILE.pt2, FILE.safetensors, or a new folder.")  # fmt: skip
@click.option("--card", is_flag=True, help="Write a model card and a picture of samples into the folder.")
@click.option("--licence", metavar="NAME", default="", help="Licence of the weights, for the card: mit, cc-by-4.0.")
@click.option("--step", type=Whole(), metavar="N", help="Use the checkpoint of step N.  [default: the newest]")
@FOLLOW_LINKS
@click.pass_obj
def export(
    plugins: PluginChoice, /, run: Path, out: Path | None, other: Path | None, card: bool, licence: str,
    step: int | None, follow_links: bool,
) -> None:  # fmt: skip
    """Write G_ema of RUN (a run folder), and compare what was written with it.

    \b
    ganzoo export runs/NAME -o g.onnx
    ganzoo export runs/NAME -o g.safetensors
    ganzoo export runs/NAME digits --card
    """
    if licence and not card:
        raise click.UsageError("--licence is for the card: ganzoo export RUN DIR --card --licence mit")
    place = _choose_place(out, other)
    require_run(run)

    from ganzoo.cli import progress

    with progress.waiting("loading PyTorch"):
        from ganzoo.export.write import check_target, export_run
        from ganzoo.runs.run import Run

    check_target(place, card=card)
    with keeping_stdout(), progress.Display("exporting"):
        opened = Run(run, plugins.load(), follow_links=follow_links)
        found = export_run(opened, place, step=step, card=card, licence=licence)
    click.echo(found.path)
    _tell(found)


def _choose_place(out: Path | None, other: Path | None) -> Path:
    """Return the one place that is named. Raises UsageError."""
    places = [place for place in (out, other) if place is not None]
    if len(places) != 1:
        raise click.UsageError("export takes one OUT: -o g.onnx, -o g.pt2, -o g.safetensors, or a new folder")
    return places[0]


def _tell(found: Exported) -> None:
    """Print how far what was written is from the run, and what to do with a folder."""
    far = f"the largest difference from the run, over 64 latents, is {found.difference:.2g} (samples lie in [-1, 1])"
    click.echo(f"step {found.step:,}; {far}", err=True)
    if found.path.is_dir():
        print_next([f"ganzoo push {quote_path(found.path)} OWNER/NAME"], aside=True)
