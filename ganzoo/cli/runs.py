"""`ganzoo runs`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="List runs and grids: state, steps, score, age.")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), default="runs")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per run.")
def runs(folder: Path, as_json: bool) -> None:
    """List the runs and grids below FOLDER, those that changed last first.  [default: runs]

    \b
    ganzoo runs
    ganzoo sample @last
    ganzoo evaluate @best --samples 10000

    Wherever a RUN is asked for, @last is the one that changed last, @best the
    one with the best score of those that may be ranked with it, and NAME is
    short for runs/NAME. A run whose process was killed is stopped.
    """
    import json
    from dataclasses import asdict

    from ganzoo.cli.terminal import print_table
    from ganzoo.results.comparison.overview import list_runs

    found = list_runs(folder)
    if as_json:
        for line in found:
            click.echo(json.dumps(asdict(line) | {"path": str(line.path)}))
        return
    if not found:
        click.echo(f"no run in {folder}; ganzoo run --model dcgan", err=True)
    print_table([
        {"age": line.age, "state": line.state, "steps": line.step, "score": line.score, "run": str(line.path)}
        for line in found
    ])  # fmt: skip
