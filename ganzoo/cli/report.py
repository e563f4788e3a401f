"""`ganzoo report`."""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.cli.flags import add_options
from ganzoo.cli.grouped_help import GroupedCommand
from ganzoo.cli.next_steps import print_next
from ganzoo.cli.protocol import PROTOCOL_OPTIONS, read_protocol
from ganzoo.cli.run_names import RunName
from ganzoo.runs.paths import quote_path


@click.command(cls=GroupedCommand, short_help="Write one HTML file that shows runs: table, curves, samples, settings.")
@click.argument("runs", nargs=-1, required=True, type=RunName(grids=True))
@click.option("-o", "--out", type=click.Path(path_type=Path), default="report.html", show_default=True,
              help="File to write.")  # fmt: skip
@click.option("--title", metavar="TEXT", default="", help="Heading of the page.  [default: the grid, or the axes]")
@click.option("--metric", metavar="NAME", help="Score that ranks: fid, kid, ...  [default: fid]")
@click.option(
    "--only", multiple=True, metavar="AXIS=VALUE", help="Keep runs with this value: dataset=mnist; may be repeated."
)
@add_options(PROTOCOL_OPTIONS)
def report(
    runs: tuple[Path, ...], out: Path, title: str, metric: str | None, only: tuple[str, ...], samples: int | None,
    protocol: tuple[str, ...],
) -> None:  # fmt: skip
    """Write a report of RUNS (run folders, grids, or folders that contain some): one file, which opens offline.

    \b
    ganzoo report runs/ -o report.html
    ganzoo report runs/GRID --title "Losses on digits" --metric kid
    """
    from ganzoo.results.comparison import choose_results
    from ganzoo.results.read import read_results
    from ganzoo.results.report import write_report

    results, asked = choose_results(read_results(runs), only), read_protocol(samples, protocol)
    click.echo(write_report(results, out, title=title, metric=metric, protocol=asked))
    folders = " ".join(map(quote_path, runs))
    print_next([f"python -m webbrowser {quote_path(out)}", f"ganzoo table {folders}"], aside=True)
