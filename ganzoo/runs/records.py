"""The files of a run as checked values: status, manifest, reports, and lines of log, evaluations and audits.

Each reader raises CheckpointError, which names the file, what is wrong with it, and a way out. No torch here.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

from ganzoo.errors import CheckpointError
from ganzoo.files import MOST_JSON, Lines, damaged_name, read_json, read_last_record, read_lines
from ganzoo.runs.typed import Count, Seconds, typed
from ganzoo.settings.kinds import Kind

T = TypeVar("T")


@dataclass(frozen=True)
class Status:
    """State, step and owner of a run: status.json."""

    state: str
    """State: running, complete, interrupted, diverged or failed."""
    step: Count
    steps: Count
    pid: int | None = None
    host: str = ""
    time: datetime | None = None
    memory_mb: float | None = None
    """Peak memory."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values, without those that are unknown."""
        values = asdict(self) | {"time": self.time and self.time.isoformat()}
        return {key: value for key, value in values.items() if value not in (None, "")}


@dataclass(frozen=True)
class Component:
    """One component of a run, with the plugin that it came from."""

    kind: Kind
    name: str
    plugin: str
    version: str = ""


@dataclass(frozen=True)
class DataRecord:
    """Shape, classes, size and content of the data of a run; one of an older version did not count its classes."""

    sha256: str = ""
    shape: tuple[int, ...] = ()
    classes: tuple[str, ...] = ()
    class_counts: tuple[int, ...] = ()
    count: int | None = None
    label_shape: tuple[int, ...] = ()
    images: bool | None = None


@dataclass(frozen=True)
class DeviceRecord:
    """Device of a run, on which bit-exact continuation depends."""

    type: str | None = None
    name: str | None = None
    precision: Literal["auto", "fp32", "tf32", "bf16"] | None = None
    threads: int | None = None
    ranks: int = 1


@dataclass(frozen=True)
class Cost:
    """Size of the networks of a run, and the operations of a step."""

    parameters_g: int
    parameters_d: int
    flops_per_step: float | None = None


@dataclass(frozen=True)
class Platform:
    """Machine of a run."""

    python: str | None = None
    system: str | None = None
    processor: str | None = None
    cores: int | None = None
    gpus: tuple[str, ...] = ()


@dataclass(frozen=True)
class Manifest:
    """Versions, plugins, data and device that a run was made with: manifest.json. Runs of older versions have less."""

    created: str = ""
    command: tuple[str, ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict)
    """Setting -> where its value came from."""
    components: tuple[Component, ...] = ()
    data: DataRecord | None = None
    device: DeviceRecord | None = None
    cost: Cost | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    platform: Platform | None = None
    origin: Mapping[str, Any] | None = None
    """Run and step that its first weights come from, and the settings that changed; None for a run of its own."""
    place: str = field(default="", compare=False)
    """Path of the file, for errors."""


@dataclass(frozen=True)
class _Score:
    value: float
    better: Literal["lower", "higher"]
    low: float | None
    high: float | None
    std: float | None = None
    classes: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class _Generated:
    count: int
    weights: str
    step: int | None
    labels: str
    seed: int | None = None
    truncation: str = "none"


@dataclass(frozen=True)
class _Reference:
    dataset: str
    options: Mapping[str, Any]
    count: int | None
    sha256: str


@dataclass(frozen=True)
class _Protocol:
    features: str
    fingerprint: Mapping[str, Any]
    generated: _Generated
    reference: _Reference


@dataclass(frozen=True)
class _Memorisation:
    share: float
    expected: float


@dataclass(frozen=True)
class _Report:
    checkpoint: str
    scores: Mapping[str, _Score]
    protocol: _Protocol
    warnings: tuple[str, ...]
    memorisation: _Memorisation | None


@dataclass(frozen=True)
class _Rollbacks:
    rollbacks: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class _Reports:
    reports: tuple[_Report, ...]


@dataclass(frozen=True)
class _ClassScore:
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class _LogRecord:
    step: Count
    images: Count
    seconds: Seconds


@dataclass(frozen=True)
class _EvaluationRecord:
    step: Count
    images: Count
    name: str
    value: float
    selection: float


@dataclass(frozen=True)
class _AuditRecord:
    step: Count


_SCHEMAS = {"log.jsonl": _LogRecord, "evaluations.jsonl": _EvaluationRecord, "diagnosis.jsonl": _AuditRecord}
"""Name of a file of records -> the keys that each record has; all others are numbers, or null."""


RESTART = "--restart (begins anew at step 0 and deletes nothing)"
"""Way out of a run that has lost its checkpoints or its manifest."""


def unreadable(path: Path, error: OSError | ValueError, hint: str = "") -> CheckpointError:
    """Return the error for a file of a run or a grid that cannot be read."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    away = f"mv {shlex.quote(str(path))} {shlex.quote(str(damaged_name(path)))}"
    return CheckpointError(f"{path.name} cannot be read: {reason}", where=str(path), hint=hint or away)


def read_object(path: Path, schema: type[T], hint: str = "", most: int = MOST_JSON) -> T | None:
    """Return the object in a JSON file as the dataclass `schema`; None if there is no file. Raises CheckpointError."""
    try:
        return typed(schema, read_json(path, most))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise unreadable(path, error, hint) from error


def read_status(run: Path) -> Status | None:
    """Return how far the run in a folder is; None if it has not begun. Raises CheckpointError."""
    return read_object(run / "status.json", Status)


def read_manifest(run: Path) -> Manifest:
    """Return what the run in a folder was made with. Raises CheckpointError: nothing else says it."""
    path = run / "manifest.json"
    hint = f"ganzoo run {shlex.quote(str(run / 'recipe.toml'))} --out OTHER_FOLDER (which begins anew)"
    if (found := read_object(path, Manifest, hint)) is None:
        begun = (run / "checkpoints").is_dir() or (run / "status.json").exists()
        what = "manifest.json is missing" if begun else "the run ended before its first step"
        raise CheckpointError(what, where=str(path), hint=f"{RESTART}, or {hint}")
    if found.data is None:
        raise unreadable(path, ValueError("data is missing"), hint)
    return replace(found, place=str(path))


def read_scores(run: Path) -> list[dict[str, Any]]:
    """Return the reports of scores.json, the newest last; none if there is no such file. Raises CheckpointError."""
    path = run / "scores.json"
    try:
        content = read_json(path)
        typed(_Reports, content)
        for report in content["reports"]:
            for score in report["scores"].values():
                for each in (score.get("classes") or {}).values():
                    typed(_ClassScore, each)
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise unreadable(path, error, f"ganzoo evaluate {shlex.quote(str(run))} (which writes it anew)") from error
    reports: list[dict[str, Any]] = content["reports"]
    return reports


def read_rollbacks(run: Path) -> int:
    """Return how often the run went back to a checkpoint after it had diverged. Raises CheckpointError."""
    found = read_object(run / "rollbacks.json", _Rollbacks)
    return len(found.rollbacks) if found else 0


def read_run_lines(path: Path) -> Lines:
    """Return the records of log.jsonl, evaluations.jsonl or diagnosis.jsonl, and their damaged lines.

    Raises CheckpointError if the file as such cannot be read.
    """
    schema = _SCHEMAS[path.name]
    try:
        return read_lines(path, lambda record: _check(schema, record))
    except OSError as error:
        raise unreadable(path, error) from error


def read_last_log_record(run: Path) -> dict[str, Any]:
    """Return the last record of log.jsonl; {} if there is none. Raises CheckpointError."""
    path = run / "log.jsonl"
    try:
        return read_last_record(path, lambda record: _check(_LogRecord, record))
    except OSError as error:
        raise unreadable(path, error) from error


def _check(schema: Any, record: Any) -> None:
    """Raise ValueError for a record that lacks a key of its schema, or has another value than a number."""
    typed(schema, record)
    others = {key: value for key, value in record.items() if key not in schema.__dataclass_fields__}
    for key, value in others.items():
        if value is not None and not (type(value) in (int, float) and abs(value) <= 1e308):
            raise ValueError(f"{key} is no number")
