"""Findings of `ganzoo diagnose` in each run: alarms and remarks with their numbers, advice and small pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from PIL import Image

from ganzoo.errors import CheckpointError
from ganzoo.results.comparison import Row
from ganzoo.results.read import Result
from ganzoo.results.report.columns import label_row
from ganzoo.results.report.pictures import Picture, embed_picture, explain_size, huge_allowed
from ganzoo.runs.finding_words import describe_number
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.records import read_object

MOST = 48
"""Most pictures in one page, the first of each run before the second of any."""
BUDGET = 480_000
"""Bytes for all pictures."""
LARGEST = 30_000
"""Most bytes of one picture: lines and bars take 5 to 10 kB without loss, grids of samples more."""
SHOWN = ("alarm", "remark")


@dataclass(frozen=True)
class SaidFinding:
    """One finding in diagnosis.json."""

    name: str
    level: Literal["alarm", "remark", "fine", "unknown"]
    what: str
    evidence: Mapping[str, float | None] = field(default_factory=dict)
    advice: tuple[str, ...] = ()
    topic: str = ""
    figure: str = ""


@dataclass(frozen=True)
class Said:
    """Contents of diagnosis.json."""

    step: int
    findings: tuple[SaidFinding, ...]
    notes: tuple[str, ...] = ()


@dataclass
class Diagnosed:
    """One run with its diagnosis."""

    row: str
    label: str
    result: Result
    folder: RunFolder
    said: Said
    pictures: dict[str, Picture] = field(default_factory=dict)
    """File name -> picture."""

    @property
    def findings(self) -> list[SaidFinding]:
        """Alarms and remarks, in the order of the file: alarms first."""
        return [finding for finding in self.said.findings if finding.level in SHOWN]

    def count(self, level: str) -> int:
        """Return how many findings are of a level."""
        return sum(finding.level == level for finding in self.said.findings)


def make_diagnoses(rows: Mapping[str, Row]) -> dict[str, Any]:
    """Return the findings in the runs of all rows, as plain values for the template; empty without a diagnosis.

    A diagnosis.json that cannot be read is named in a remark.
    """
    unreadable = list[str]()
    runs = [run for key, row in rows.items() for result in row.results if (run := _read(key, row, result, unreadable))]
    unreadable += _embed_pictures(runs)
    others = [label_row(row) for key, row in rows.items() if key not in {run.row for run in runs}]
    remarks = [f"Without a diagnosis: {'; '.join(others)}."] if runs and others else []
    remarks += [f"Left out, for they cannot be read: {', '.join(unreadable)}."] if unreadable else []
    return {"diagnoses": list(map(_describe, runs)), "diagnosis_remarks": remarks}


def _read(key: str, row: Row, result: Result, unreadable: list[str]) -> Diagnosed | None:
    if result.path is None:
        return None
    folder = RunFolder(result.path)
    try:
        said = read_object(folder.diagnosis, Said)
    except CheckpointError as error:
        unreadable.append(f"{result.name}/{error.what} (try ganzoo diagnose {result.path})")
        return None
    return Diagnosed(key, label_row(row), result, folder, said) if said else None


def _embed_pictures(runs: Sequence[Diagnosed]) -> list[str]:
    """Add its pictures to each run, as far as there is room; return the files that cannot be read."""
    named = [(nth, i, name) for i, run in enumerate(runs) for nth, name in enumerate(_name_pictures(run))]
    wanted = sorted(named)[:MOST]  # the first of each run, then the second of each
    size, unreadable = min(LARGEST, BUDGET // max(1, len(wanted))), []
    for _, i, name in wanted:
        run = runs[i]
        try:
            with huge_allowed():
                run.pictures[name], _ = embed_picture(run.folder.figures / name, run.said.step, 1.0, size, 0)
        except (OSError, SyntaxError, Image.DecompressionBombError) as error:  # SyntaxError: a PNG's broken chunk
            unreadable.append(f"{run.result.name}/{name}{explain_size(error)}")
    return unreadable


def _name_pictures(run: Diagnosed) -> dict[str, None]:
    """Return the pictures in the folder of the run, in the order in which findings name them."""
    names = [Path(finding.figure).name for finding in run.findings]
    return dict.fromkeys(name for name in names if name and (run.folder.figures / name).is_file())


def _describe(run: Diagnosed) -> dict[str, Any]:
    """Return the values of one run for the template; each picture stands at the first finding that names it."""
    left = dict(run.pictures)
    findings = [_describe_finding(run, finding, left) for finding in run.findings]
    unknown = [finding.name for finding in run.said.findings if finding.level == "unknown"]
    steps = run.result.settings.get("train.steps", run.said.step)
    about = {"row": run.row, "label": run.label, "findings": findings, "unknown": unknown}
    when = f"seed {run.result.seed}, step {run.said.step} of {steps}"
    return about | {"when": when, "verdict": ", ".join(_count(run)), "notes": list(run.said.notes)}


def _describe_finding(run: Diagnosed, finding: SaidFinding, left: dict[str, Picture]) -> dict[str, Any]:
    said: dict[str, Any] = {key: getattr(finding, key) for key in ("name", "level", "what", "topic")}
    said["advice"] = list(finding.advice)
    numbers = [(describe_number(name), _show(value)) for name, value in finding.evidence.items()]
    alt = f"{finding.name} in {run.label}, seed {run.result.seed}"
    return said | {"evidence": numbers, "picture": left.pop(Path(finding.figure).name, None), "alt": alt}


def _count(run: Diagnosed) -> Iterator[str]:
    for level in SHOWN:
        number = run.count(level)
        yield f"{number or 'no'} {level}{'s' if number > 1 else ''}"
    yield f"{run.count('fine')} not found"


def _show(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.4g}"
