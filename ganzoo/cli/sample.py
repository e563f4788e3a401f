"""`ganzoo sample`."""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.cli.flags import PluginChoice


@click.command(short_help="Make images from a run: a grid, a folder, a class, an interpolation.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("-n", "--count", type=click.IntRange(1, 100_000), default=64, show_default=True, help="Number of images.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True, help="Seed of the latents.")
@click.option("--class", "label", type=int, metavar="K", help="Make images of class K only.")
@click.option("--per-class", is_flag=True, help="Draw one column per class.")
@click.option("--interpolate", is_flag=True, help="Draw rows that go from one latent to another.")
@click.option(
    "--folder",
    "as_folder",
    is_flag=True,
    help="Write single PNG files, in class folders if there are labels.",
)
@click.option("--step", type=int, metavar="N", help="Use the checkpoint of step N.  [default: the newest]")
@click.option("--raw", is_flag=True, help="Use the weights of G itself, not of G_ema.")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="[default: RUN/samples/sample-<seed>.png]")
@click.pass_obj
def sample(
    plugins: PluginChoice,
    run: Path,
    count: int,
    seed: int,
    label: int | None,
    per_class: bool,
    interpolate: bool,
    as_folder: bool,
    step: int | None,
    raw: bool,
    out: Path | None,
) -> None:
    """Make images from RUN (a run folder) with its newest checkpoint.

    \b
    ganzoo sample runs/NAME
    ganzoo sample runs/NAME --interpolate -o walk.png
    ganzoo sample runs/NAME -n 1000 --folder -o images
    """
    if per_class and (label is not None or interpolate):
        raise click.UsageError("--per-class cannot be combined with --class or --interpolate")

    from ganzoo.runs.pictures import SampleOptions, write_folder, write_grid

    options = SampleOptions(count, seed, label, per_class, interpolate, step, ema=not raw)
    write = write_folder if as_folder else write_grid
    click.echo(write(run, plugins.load(), options, out))
