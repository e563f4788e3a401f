"""Damaged files of a run that reading does without: a warning says what, and what takes their place. No torch here."""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path
from typing import Any

from ganzoo.errors import CheckpointError, DamageWarning
from ganzoo.files import DamagedLine, Lines, damaged_name
from ganzoo.runs.records import Status, read_last_log_record, read_run_lines, read_scores


def warn(text: str) -> None:
    """Warn of damage. The command line prints it as a note, once."""
    warnings.warn(text, DamageWarning, stacklevel=3)


def describe(error: CheckpointError, instead: str) -> str:
    """Return a remark about a file that cannot be read, and what takes its place."""
    return f"{error.where}: {error.what}; {instead}"


def describe_lines(path: Path, damaged: list[DamagedLine]) -> str:
    """Return a remark about the damaged lines of a file, of which the first is explained."""
    more = f", and {len(damaged) - 1:,} more" if len(damaged) > 1 else ""
    return f"{path}: line {damaged[0].number} is damaged ({damaged[0].why}){more}; the other lines are kept"


def rebuild_status(run: Path, steps: int) -> Status:
    """Return how far a run is by its newest checkpoint, or by its log if there is none; without owner and memory."""
    saved = [path.stem.removeprefix("step-") for path in (run / "checkpoints").glob("step-*.json")]
    numbers = [int(name) for name in saved if name.isdecimal()]
    step = max(numbers, default=0) or _last_step(run)
    return Status("complete" if step >= steps else "interrupted", step, steps)


def _last_step(run: Path) -> int:
    try:
        return int(read_last_log_record(run).get("step", 0))
    except CheckpointError:
        return 0


def known_scores(run: Path) -> list[dict[str, Any]]:
    """Return the reports of scores.json; none if it is damaged, since a run can be scored again."""
    try:
        return read_scores(run)
    except CheckpointError as error:
        warn(describe(error, f"the run counts as not scored: {error.hint}"))
        return []


def known_records(path: Path) -> list[dict[str, Any]]:
    """Return the records of log.jsonl, evaluations.jsonl or diagnosis.jsonl without damaged lines.

    Raises CheckpointError if the file as such cannot be read.
    """
    lines = read_run_lines(path)
    if lines.damaged:
        warn(describe_lines(path, lines.damaged))
    return lines.records


def put_in_order(lines: Lines) -> Lines:
    """Return records by growing step; of two of one step, the earlier line counts as damaged if it says otherwise."""
    last = {record["step"]: record for record in lines.records}
    if list(last) == sorted(last) and len(last) == len(lines.records):
        return lines
    others = [record for record in lines.records if record != last[record["step"]]]
    why = "a later line has the same step"
    doubled = [DamagedLine(lines.records.index(record) + 1, why, json.dumps(record).encode()) for record in others]
    return Lines([last[step] for step in sorted(last)], [*lines.damaged, *doubled])


def tell_set_aside(path: Path, damaged: list[DamagedLine]) -> None:
    """Warn that the damaged lines of a file were moved away."""
    if damaged:
        warn(f"{describe_lines(path, damaged)}, and what is damaged is in {damaged_name(path).name}")


def move_aside(path: Path) -> Path:
    """Move a damaged file, or a folder in its place, to NAME.damaged or the next free name. Raises OSError."""
    target, number = damaged_name(path), 1
    while os.path.lexists(target):
        number += 1
        target = path.with_name(f"{path.name}.damaged-{number}")
    return path.rename(target)
