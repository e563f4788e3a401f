"""`ganzoo resume`."""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.cli.diagnose import tell_findings
from ganzoo.cli.flags import PluginChoice


@click.command(short_help="Resume a run exactly where its newest checkpoint is.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--steps", type=click.IntRange(min=1), metavar="N", help="Make the run this long.")
@click.option("--json", "as_json", is_flag=True, help="End with one JSON object on stdout.")
@click.pass_obj
def resume(plugins: PluginChoice, run: Path, steps: int | None, as_json: bool) -> None:
    """Resume RUN (a run folder) exactly where its newest usable checkpoint is.

    On a CPU with the same machine type, torch and number of threads, the result is bit-identical to that of a
    run that was never stopped.
    """
    from ganzoo.cli import terminal
    from ganzoo.runs import follower, start
    from ganzoo.runs.folder import RunFolder
    from ganzoo.training.ranks import joined, read_ranks

    zoo, ranks, folder = plugins.load(), read_ranks(), RunFolder(run)
    with joined(ranks, folder.read_recipe().train.device):
        if not ranks.is_main:
            follower.resume(run, zoo, ranks)
            return
        reached = folder.read_json(folder.status).get("step")
        with terminal.Display() as display:
            start.resume(run, zoo, display, steps=steps, ranks=ranks)
    if folder.read_json(folder.status).get("step") != reached:
        tell_findings(run, zoo)
    terminal.print_outcome(run, as_json, plugins)
