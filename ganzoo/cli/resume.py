"""`ganzoo resume`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cli.completers import complete_setting
from ganzoo.cli.diagnose import tell_findings
from ganzoo.cli.flags import DATASET_PATH, FOLLOW_LINKS, OBSERVE, PluginChoice, keeping_stdout
from ganzoo.cli.grouped_help import GroupedCommand
from ganzoo.cli.places import require_run
from ganzoo.cli.ranges import Whole
from ganzoo.cli.run_names import RunName
from ganzoo.cli.settings import read_assignments

if TYPE_CHECKING:
    from ganzoo.runs.changes import Changes
    from ganzoo.zoo.catalogue import Zoo


_DIGITS = 20
"""Most digits of the number of a step."""


def _check_start(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """Return the word for a checkpoint. Raises BadParameter for one that is none."""
    if value not in ("latest", "best") and not (value.isdecimal() and len(value) <= _DIGITS):
        raise click.BadParameter(f"{value[:40]!r} is not latest, best or the number of a step.")
    return value


@click.command(
    cls=GroupedCommand, short_help="Resume a run exactly where its newest checkpoint is, or go on from another one."
)
@click.argument("run", type=RunName())
@click.option("--steps", type=Whole(1), metavar="N", help="Make the run this long.")
@DATASET_PATH
@click.option("--device", metavar="NAME", help="Device: auto, cpu or cuda.  [default: the run's]")
@click.option("--from", "start", default="latest", callback=_check_start, metavar="latest|best|STEP",
              help="Checkpoint to go on from; others than the latest need --out.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Go on in this new run folder.")
@click.option(
    "--set", "assignments", multiple=True, metavar="SECTION.OPTION=VALUE", shell_complete=complete_setting,
    help="A setting to go on with; one that changes results needs --out.",
)  # fmt: skip
@OBSERVE
@click.option("--restart", is_flag=True, help="Begin anew at step 0; what there is so far moves to RUN/discarded.")
@FOLLOW_LINKS
@click.option("--json", "as_json", is_flag=True, help="End with one JSON object on stdout.")
@click.pass_obj
def resume(plugins: PluginChoice, /, run: Path, start: str, out: Path | None, as_json: bool, **flags: Any) -> None:
    """Resume RUN (a run folder) exactly where its newest usable checkpoint is.

    \b
    ganzoo resume runs/NAME --steps 40000
    ganzoo resume runs/NAME --dataset-path /new/place
    ganzoo resume runs/NAME --from best --out runs/again
    ganzoo resume runs/NAME --set optim.lr_g=5e-5 --out runs/slower

    On a CPU with the same machine type, torch and number of threads, the result is bit-identical to that of a
    run that was never stopped. With --out RUN stays as it is, and the new folder's manifest says where it comes from.
    """
    require_run(run, out)

    from ganzoo.cli import outcome
    from ganzoo.cli.progress import waiting

    with waiting("loading PyTorch"):
        changes = _read_changes(**flags)
    zoo, reached = plugins.load(), outcome.read_step(run)
    if not _go_on(run, out, start, changes, zoo):
        return
    if out or changes.restart or outcome.read_step(run) != reached:
        tell_findings(out or run, zoo, follow_links=changes.follow_links)
    outcome.print_outcome(out or run, zoo, as_json, plugins)


def _go_on(run: Path, out: Path | None, start: str, changes: Changes, zoo: Zoo) -> bool:
    """Go on with a run on this rank, and return whether it is the one that prints."""
    from ganzoo.cli import progress
    from ganzoo.runs import branch, follower
    from ganzoo.runs.changes import IN_NEW_FOLDER
    from ganzoo.runs.folder import RunFolder
    from ganzoo.training.compatibility import FREE
    from ganzoo.training.ranks import joined, read_ranks

    ranks, device = read_ranks(), RunFolder(run).read_recipe().train.device
    with joined(ranks, changes.settings.get("train.device", device)):
        if not ranks.is_main:
            follower.resume(run, zoo, ranks, changes, free=IN_NEW_FOLDER if out else FREE)
            return False
        with keeping_stdout(), progress.Display() as display:
            branch.continue_run(run, out, zoo, display, start=start, changes=changes, ranks=ranks)
    return True


def _read_changes(
    steps: int | None, dataset_path: Path | None, device: str | None, assignments: tuple[str, ...],
    observer: tuple[str, ...], **allowed: bool,
) -> Changes:  # fmt: skip
    from ganzoo.runs.changes import Changes

    settings = read_assignments(assignments) | ({} if device is None else {"train.device": device})
    settings |= {"train.observe": ",".join(observer)} if observer else {}
    return Changes(steps, dataset_path, settings, **allowed)
