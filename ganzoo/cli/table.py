"""`ganzoo table`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from ganzoo.cli.flags import add_options
from ganzoo.cli.protocol import PROTOCOL_OPTIONS, read_protocol


@click.command(short_help="Compare runs or a grid: one table over seeds, with intervals and tests.")
@click.argument("runs", type=click.Path(path_type=Path, exists=True), nargs=-1, required=True)
@click.option("--format", "shape", type=click.Choice(["text", "md", "csv", "latex", "json", "html"]),
              help="[default: by the suffix of -o, else text]")  # fmt: skip
@click.option("-o", "--out", type=click.Path(path_type=Path, dir_okay=False), help="File to write.  [default: stdout]")
@click.option("--group-by", metavar="AXES", help="Axes of the rows: model,loss,optim.lr_g.  [default: all]")
@click.option("--metric", "names", metavar="NAMES", help="Scores to show: fid,kid; the first ranks.  [default: fid]")
@click.option("--checkpoint", type=click.Choice(["last", "best"]), default="last", show_default=True,
              help="Checkpoint whose scores rank.")  # fmt: skip
@click.option(
    "--only", multiple=True, metavar="AXIS=VALUE", help="Keep runs with this value: dataset=mnist; may be repeated."
)
@add_options(PROTOCOL_OPTIONS)
@click.option("--sort", metavar="AXIS", help="Axis to sort rows by.  [default: best row first]")
def table(
    runs: tuple[Path, ...], shape: str | None, out: Path | None, group_by: str | None, names: str | None,
    checkpoint: Literal["last", "best"], only: tuple[str, ...], sort: str | None, samples: int | None,
    protocol: tuple[str, ...],
) -> None:  # fmt: skip
    """Compare RUNS: run folders, grids, or folders that contain some at any depth.

    \b
    ganzoo table runs/
    ganzoo table runs/grid --group-by loss,lipschitz --metric fid,kid
    ganzoo table runs/grid -o results.md
    """
    from ganzoo.results.comparison import choose_metric, choose_results, compare
    from ganzoo.results.read import find_grid, read_provenance, read_results
    from ganzoo.results.tables import FORMATS, render

    suffix = out.suffix if out is not None else ""
    shape = shape or next((name for name, ending in FORMATS.items() if ending == suffix), "text")
    asked = _split(names)
    results = choose_results(read_results(runs), only)
    compared = compare(
        results, group_by=_split(group_by) or None, metric=next(iter(asked), None), checkpoint=checkpoint, sort=sort,
        protocol=read_protocol(samples, protocol),
    )  # fmt: skip
    metrics = [choose_metric(name, compared.metrics) for name in asked]
    provenance = read_provenance(grid, results) if (grid := find_grid(results)) else None
    _write(out, render(compared, shape, metrics=metrics, provenance=provenance))


def _split(names: str | None) -> list[str]:
    return [name.strip() for name in (names or "").split(",") if name.strip()]


def _write(path: Path | None, text: str) -> None:
    """Write the table to a file, or to stdout."""
    from ganzoo.errors import ResourceError
    from ganzoo.files import write_output

    if path is None:
        click.echo(text, nl=False)
        return
    try:
        write_output(path, text.encode())
    except OSError as error:
        raise ResourceError(f"cannot write the table: {error}", where=str(path), hint="-o OTHER_FILE") from error
    click.echo(path)
