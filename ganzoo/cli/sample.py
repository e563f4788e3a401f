"""`ganzoo sample`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cli.flags import DATASET_PATH, FOLLOW_LINKS, PluginChoice, keeping_stdout
from ganzoo.cli.grouped_help import GroupedCommand
from ganzoo.cli.places import require_run
from ganzoo.cli.ranges import FiniteRange, Places, Whole, one_of
from ganzoo.cli.run_names import RunName

if TYPE_CHECKING:
    from ganzoo.runs.sample_files import Target


@click.command(cls=GroupedCommand, short_help="Make images from a run: a grid, a folder, a class, an interpolation.")
@click.argument("run", type=RunName())
@click.option(
    "-n",
    "--count",
    type=Whole(1, 10_000_000),
    metavar="N",
    help="Number of images.  [default: 64; with --per-class 8 of each]",
)
@click.option("--seed", type=Whole(0, 2**63 - 1), default=0, show_default=True, help="Seed of the latents.")
@click.option("--class", "label", metavar="K", help="Make images of one class only, by its number or name.")
@click.option(
    "--labels",
    type=one_of("training", "balanced"),
    help="Classes as often as in training, or each in turn.  [default: the run's eval.labels]",
)
@click.option(
    "--truncation",
    type=FiniteRange(0, 100),
    default=0.0,
    metavar="PSI",
    help="Largest |z| of the latents, or psi of a model with styles.  [default: none]",
)
@click.option("--per-class", is_flag=True, help="Draw one column per class, or one row where they are many.")
@click.option("--interpolate", is_flag=True, help="Draw rows of 8 from one latent to another, or a film.")
@click.option(
    "--code",
    type=Places(),
    metavar="N",
    help="Draw rows of one latent each, whose number N goes from -2 to 2; of N..M each is the largest in turn.",
)
@click.option("--training", "course", is_flag=True, help="Make a film of the sample grids of training.")
@click.option("--fps", type=Whole(1, 60), metavar="N", help="Frames per second of a film.  [default: 20]")
@click.option("--scale", type=Whole(1, 64), metavar="N",
              help="Draw each pixel N x N.  [default: until a picture has 600 pixels]")  # fmt: skip
@click.option("--no-caption", is_flag=True, help="Draw samples alone, without words.")
@click.option(
    "--folder",
    "as_folder",
    is_flag=True,
    help="Write single PNG files, in class folders if there are labels.",
)
@click.option("--step", type=Whole(), metavar="N", help="Use the checkpoint of step N.  [default: the newest]")
@DATASET_PATH
@FOLLOW_LINKS
@click.option("--raw", is_flag=True, help="Use the weights of G itself, not of G_ema.")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    help="A picture, an .npz or .npy, or a film: .gif, .webp, .mp4.  [default: in RUN/samples]",
)
@click.pass_obj
def sample(
    plugins: PluginChoice, /, run: Path, count: int | None, label: str | None, per_class: bool, interpolate: bool,
    as_folder: bool, course: bool, fps: int | None, scale: int | None, no_caption: bool, raw: bool, follow_links: bool,
    out: Path | None, **options: Any,
) -> None:  # fmt: skip
    """Make images from RUN (a run folder) with its newest checkpoint.

    \b
    ganzoo sample runs/NAME
    ganzoo sample runs/NAME --interpolate -o walk.png
    ganzoo sample runs/NAME --interpolate -n 120 -o walk.gif
    ganzoo sample runs/NAME --code 2..11
    ganzoo sample runs/NAME -n 1000 --folder -o images
    """
    _refuse_contradictions(per_class, interpolate, course, label is not None, bool(count) or as_folder, options["code"])
    require_run(run)

    from ganzoo.cli import progress

    with progress.waiting("loading PyTorch"):
        from ganzoo.runs.sample_files import SampleOptions, Target, write_samples

    chosen = SampleOptions(label=label, per_class=per_class, interpolate=interpolate, ema=not raw, **options)
    target = Target(out, as_folder, course, interpolate, fps or 20, scale or 0, not no_caption, follow_links)
    target.check()  # before plugins are loaded
    _refuse_unused(target, fps=fps is not None, drawing=bool(scale or no_caption))
    zoo = plugins.load()
    with keeping_stdout(), progress.Display("preparing to make samples") as display:
        written = write_samples(run, zoo, chosen, target, count=count, note=display.note)
    click.echo(written)


def _refuse_unused(target: Target, *, fps: bool, drawing: bool) -> None:
    """Raise UsageError for flags of films or pictures where none is written."""
    if fps and not target.is_film:
        raise click.UsageError("--fps is for a film: --interpolate -o walk.gif, or --training -o training.gif")
    if drawing and (target.as_folder or target.suffix in (".npz", ".npy")):
        raise click.UsageError("--scale and --no-caption are for a picture: images of a set keep their size")


def _refuse_contradictions(
    per_class: bool, interpolate: bool, course: bool, is_named: bool, has_others: bool, code: object
) -> None:
    """Raise UsageError for kinds of pictures that exclude each other."""
    if per_class and (is_named or interpolate):
        raise click.UsageError("--per-class cannot be combined with --class or --interpolate")
    if code and (per_class or interpolate or course):
        raise click.UsageError("--code cannot be combined with --per-class, --interpolate or --training")
    if course and (per_class or interpolate or is_named or has_others):
        raise click.UsageError("--training takes the sample grids as they are: with -o and --fps only")
