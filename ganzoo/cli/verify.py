"""`ganzoo verify`."""

from __future__ import annotations

import json
import re
import shlex
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cli.flags import FOLLOW_LINKS
from ganzoo.cli.grouped_help import GroupedCommand
from ganzoo.errors import CheckpointError

if TYPE_CHECKING:
    from ganzoo.runs.verdicts import Repair, Verdict


@click.command(
    cls=GroupedCommand, short_help="Read every file of a run or a grid, say which are whole, and repair the rest."
)
@click.argument("folder", metavar="RUN|GRID", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--repair", is_flag=True, help="Rebuild what can be rebuilt, and set damaged files aside.")
@FOLLOW_LINKS
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def verify(folder: Path, repair: bool, follow_links: bool, as_json: bool) -> None:
    """Read every file of RUN or GRID, and say which are whole; without --repair nothing is written.

    \b
    ganzoo verify runs/NAME
    ganzoo verify runs/GRID --repair

    Checkpoints: size, SHA-256, plain data, finite, of this recipe. Records and
    settings: each by its own reader. Pictures are decoded, TensorBoard's
    records compared with their checksums. Exit 5 if something is damaged.

    --repair rebuilds status, sidecars, latest.json and best.json, takes damaged
    lines out of records, and removes what killed writers left. A damaged file
    stays beside as NAME.damaged, a damaged checkpoint as NAME.corrupt. Exit 0 if
    the run can go on from there, though something may be lost.
    """
    from ganzoo.grid.verify import is_grid, repair_grid, verify_grid
    from ganzoo.runs.repair import repair_run
    from ganzoo.runs.verify import verify_run

    read, mend = (verify_grid, repair_grid) if is_grid(folder) else (verify_run, repair_run)
    repairs = mend(folder, follow_links=follow_links) if repair else []
    verdicts = read(folder, follow_links=follow_links)
    click.echo(_to_json(folder, verdicts, repairs) if as_json else _show(folder, verdicts, repairs))
    _refuse_damage(folder, verdicts, repair)


def _to_json(folder: Path, verdicts: Sequence[Verdict], repairs: Sequence[Repair]) -> str:
    whole = not any(verdict.state == "damaged" for verdict in verdicts)
    files, done = [verdict.to_json() for verdict in verdicts], [repair.to_json() for repair in repairs]
    return json.dumps({"folder": str(folder), "whole": whole, "files": files, "repairs": done})


def _show(folder: Path, verdicts: Sequence[Verdict], repairs: Sequence[Repair]) -> str:
    """Return the verdicts as text: the kinds of files that are whole, and a line for each file that is not."""
    whole = textwrap.fill(
        ", ".join(_count_whole(verdicts)), 80, initial_indent="  whole     ", subsequent_indent=" " * 12
    )
    lines = [f"{folder}", whole, *(f"  repaired  {repair.name}: {repair.what}" for repair in repairs)]
    for state in ("remark", "damaged"):
        lines += [f"  {state:8}  {v.name}: {v.what}" for v in verdicts if v.state == state]
    return "\n".join(line for line in lines if line)


def _count_whole(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Yield the kinds of files that are whole, with the number of each, in the order in which they were read."""
    kinds = Counter(_kind(verdict.name) for verdict in verdicts if verdict.state == "whole")
    yield from (f"{count} {kind}" if count > 1 else kind for kind, count in kinds.items())


def _kind(name: str) -> str:
    """Return the name of a file without its cell, its step and its time."""
    path = Path(name)
    folder = f"{path.parent.name}/" if path.parent.name in ("checkpoints", "samples", "tb", "diagnosis") else ""
    return folder + re.sub(r"^step-\d+", "step-*", re.sub(r"(tfevents).*", r"\1", path.name))


def _refuse_damage(folder: Path, verdicts: Sequence[Verdict], repaired: bool) -> None:
    """Raise CheckpointError if something is damaged; after a repair, only if the run cannot go on without it."""
    damaged = [verdict for verdict in verdicts if verdict.state == "damaged" and (verdict.is_needed or not repaired)]
    if not damaged:
        return
    names = ", ".join(dict.fromkeys(verdict.name for verdict in damaged[:3]))
    more = f" and {len(damaged) - 3} more" if len(damaged) > 3 else ""
    if repaired:
        what, hint = "cannot be repaired", "bring them back from a copy, or start the run again"
    else:
        what, hint = "damaged", f"ganzoo verify {shlex.quote(str(folder))} --repair"
    raise CheckpointError(f"{what}: {names}{more}", where=str(folder), hint=hint)
