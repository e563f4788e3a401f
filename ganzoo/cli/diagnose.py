"""`ganzoo diagnose`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from ganzoo.cli.flags import DATASET_PATH, FOLLOW_LINKS, PluginChoice, keeping_stdout
from ganzoo.cli.grouped_help import GroupedCommand
from ganzoo.cli.lines import wrap
from ganzoo.cli.next_steps import after_diagnosis, print_next
from ganzoo.cli.output import note, say, style
from ganzoo.cli.places import require_run
from ganzoo.cli.ranges import Whole
from ganzoo.cli.run_names import RunName
from ganzoo.cli.terminal import terminal_width
from ganzoo.errors import GanzooError
from ganzoo.runs.finding_words import describe_number

if TYPE_CHECKING:
    from ganzoo.audit.findings import Finding
    from ganzoo.diagnosis.diagnose import Diagnosis
    from ganzoo.zoo.catalogue import Zoo


@click.command(cls=GroupedCommand, short_help="Say what goes wrong in a run, by its numbers, and what to try.")
@click.argument("run", type=RunName())
@click.option("--step", type=Whole(), metavar="N", help="Look at this checkpoint.  [default: the newest]")
@click.option("--held-out", metavar="DATASET", help="Real samples that D has not seen: folder:PATH, mnist, ...")
@DATASET_PATH
@FOLLOW_LINKS
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@click.pass_obj
def diagnose(plugins: PluginChoice, /, run: Path, as_json: bool, **options: Any) -> None:
    """Look for what goes wrong in RUN, a run folder; nothing is trained.

    \b
    ganzoo diagnose runs/NAME
    ganzoo diagnose runs/NAME --step 1000 --json
    ganzoo diagnose runs/NAME --held-out folder:other-photos

    Mode collapse, oscillation, a loss that says nothing, a critic that has
    learnt its data by heart, slopes far from what the enforcer is for,
    gradients that vanish or explode, updates that are too long or nothing,
    and where the first nan came from. The findings, with their numbers and
    flags to try next, go to RUN/diagnosis.json, pictures to RUN/diagnosis.
    """
    require_run(run)

    from ganzoo.cli.progress import Display

    zoo = plugins.load()
    with keeping_stdout(), Display("diagnosing"):
        found = examine(run, zoo, **options)
    say(json.dumps(found.to_json()) if as_json else show(found))
    if not as_json:
        print_next(after_diagnosis(run))


def examine(
    path: Path, zoo: Zoo, *,
    step: int | None = None, held_out: str | None = None, dataset_path: Path | None = None, follow_links: bool = False,
) -> Diagnosis:  # fmt: skip
    """Diagnose a run, and leave the findings and their pictures in its folder."""
    from ganzoo.diagnosis.diagnose import diagnose as diagnose_run
    from ganzoo.diagnosis.diagnose import save
    from ganzoo.runs.run import Run

    run = Run(path, zoo, dataset_path=dataset_path, follow_links=follow_links)
    run.folder.require_own_parts()
    return save(diagnose_run(run, step=step, held_out=held_out), run)


def tell_findings(path: Path, zoo: Zoo, *, follow_links: bool = False) -> None:
    """Diagnose a run that was trained with --diagnose and print its findings to stderr; skip other runs."""
    from ganzoo.runs.folder import RunFolder

    if not RunFolder(path).read_recipe().train.diagnose_every:
        return
    from ganzoo.cli.progress import Display

    try:
        with Display("diagnosing"):
            found = examine(path, zoo, follow_links=follow_links)
        say(show(found, sys.stderr), err=True)
    except GanzooError as error:  # the run itself is well
        note(f"not diagnosed: {error}")


def show(diagnosis: Diagnosis, stream: TextIO | None = None) -> str:
    """Return the findings as text: alarms and remarks with numbers and advice, the rest in a line each.

    Their levels are coloured where the stream, by default stdout, has colour, and lines fit in its terminal.
    """
    lines = [f"{diagnosis.run} at step {diagnosis.step}: {_count(len(diagnosis.alarms))}"]
    for finding in diagnosis.findings:
        if finding.level in ("alarm", "remark"):
            lines += ["", *_describe(finding, stream)]
    for level, title in (("fine", "Looked for, and not found"), ("unknown", "Could not be looked for")):
        some = [finding for finding in diagnosis.findings if finding.level == level]
        if some:
            lines += ["", f"{title}:", *(f"  {finding.name:30} {finding.what}" for finding in some)]
    width = terminal_width(stream or sys.stdout)
    return "\n".join([*(wrap(line, width) for line in lines), *(f"\nnote: {note}" for note in diagnosis.notes)])


def _count(alarms: int) -> str:
    return {0: "no alarm", 1: "1 alarm"}.get(alarms, f"{alarms} alarms")


def _describe(finding: Finding, stream: TextIO | None) -> list[str]:
    level = style(finding.level.upper(), "alarm" if finding.level == "alarm" else "remark", stream)
    lines = [f"{level}  {finding.name}: {finding.what}"]
    numbers = [(name, value) for name, value in finding.evidence.items() if value is not None]
    lines += [f"  {value:>10.4g}  {describe_number(name)}" for name, value in numbers]
    lines += [f"  try   {flags}" for flags in finding.advice]
    if finding.topic:
        lines.append(f"  see   ganzoo explain {finding.topic}")
    return lines
