"""`ganzoo table`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from ganzoo.cli.flags import add_options
from ganzoo.cli.grouped_help import GroupedCommand
from ganzoo.cli.output import choices
from ganzoo.cli.protocol import PROTOCOL_OPTIONS, read_protocol
from ganzoo.cli.ranges import one_of
from ganzoo.cli.run_names import RunName
from ganzoo.cli.terminal import terminal_looks

if TYPE_CHECKING:
    from ganzoo.results.read import Result


@click.command(cls=GroupedCommand, short_help="Compare runs or a grid: one table over seeds, with intervals and tests.")
@click.argument("runs", type=RunName(grids=True), nargs=-1, required=True)
@click.option("--format", "shape", type=one_of("text", "md", "csv", "latex", "json", "html"),
              help="[default: by the suffix of -o, else text]")  # fmt: skip
@click.option("-o", "--out", type=click.Path(path_type=Path, dir_okay=False), help="File to write.  [default: stdout]")
@click.option("--group-by", metavar="AXES", help="Axes of the rows: model,loss,optim.lr_g.  [default: all]")
@click.option("--metric", "names", metavar="NAMES", help="Scores to show: fid,kid; the first ranks.  [default: fid]")
@click.option("--checkpoint", type=one_of("last", "best"), default="last", show_default=True,
              help="Checkpoint whose scores rank.")  # fmt: skip
@click.option(
    "--only", multiple=True, metavar="AXIS=VALUE", help="Keep runs with this value: dataset=mnist; may be repeated."
)
@click.option("--columns", metavar="NAMES", help="Columns to show: loss,last,time; all.  [default: that differ]")
@add_options(PROTOCOL_OPTIONS)
@click.option("--sort", metavar="AXIS", help="Axis to sort rows by.  [default: best row first]")
def table(
    runs: tuple[Path, ...], shape: str | None, out: Path | None, group_by: str | None, names: str | None,
    checkpoint: Literal["last", "best"], only: tuple[str, ...], sort: str | None, samples: int | None,
    protocol: tuple[str, ...], columns: str | None,
) -> None:  # fmt: skip
    """Compare RUNS: run folders, grids, or folders that contain some at any depth.

    \b
    ganzoo table runs/
    ganzoo table runs/grid --group-by loss,lipschitz --metric fid,kid
    ganzoo table runs/grid -o results.md
    """
    from ganzoo.results.comparison import choose_results, split
    from ganzoo.results.read import read_results
    from ganzoo.results.tables import FORMATS

    suffix = out.suffix if out is not None else ""
    shape = shape or next((name for name, ending in FORMATS.items() if ending == suffix), "text")
    asked = read_protocol(samples, protocol)
    results = choose_results(read_results(runs), only)
    groups, notes = split(results, checkpoint, asked) if shape in _MANY else ({"": results}, ())
    how = {"group_by": _split(group_by) or None, "checkpoint": checkpoint, "sort": sort, "protocol": asked}
    looks = {"columns": _split(columns), **(terminal_looks() if out is None else {})}
    texts = {name: _render(own, shape, _split(names), how, looks) for name, own in groups.items()}
    _write(out, next(iter(texts.values())) if len(texts) == 1 else _join(texts, shape))
    for note in notes:
        click.echo(note, err=True)


_MANY = {"text": "{}", "md": "## {}", "latex": "% {}"}
"""Format that holds several tables, one for each group of runs that may be ranked together -> its heading."""


def _render(
    results: Sequence[Result], shape: str, names: Sequence[str], how: Mapping[str, Any], looks: Mapping[str, Any]
) -> str:
    """Return the table of runs that may be ranked together."""
    from ganzoo.results.comparison import choose_metric, make_table
    from ganzoo.results.provenance import read_provenance
    from ganzoo.results.read import find_grid
    from ganzoo.results.tables import render

    compared = make_table(results, metric=next(iter(names), None), **how)
    metrics = [choose_metric(name, compared.metrics) for name in names]
    provenance = read_provenance(grid, results) if (grid := find_grid(results)) else None
    return render(compared, shape, metrics=metrics, provenance=provenance, **looks)


def _join(texts: Mapping[str, str], shape: str) -> str:
    """Return several tables, each with a heading: their scores may not be ranked together."""
    return "\n".join(f"{_MANY[shape].format(name)}\n\n{text}" for name, text in texts.items())


def _split(names: str | None) -> list[str]:
    return [name.strip() for name in (names or "").split(",") if name.strip()]


def _write(path: Path | None, text: str) -> None:
    """Write the table to a file, or to stdout."""
    from ganzoo.errors import ResourceError
    from ganzoo.files import write_output

    if path is None:
        click.echo(text, nl=False, color=choices().has_color(sys.stdout))
        return
    try:
        write_output(path, text.encode(errors="replace"))
    except OSError as error:
        raise ResourceError(f"cannot write the table: {error}", where=str(path), hint="-o OTHER_FILE") from error
    click.echo(path)
