"""Files that a run leaves: its state, scores, costs and times; a remark stands for a file that cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from ganzoo.errors import CheckpointError
from ganzoo.runs.damage import describe, rebuild_status
from ganzoo.runs.lock_holder import is_abandoned, is_held
from ganzoo.runs.records import Status, read_last_log_record, read_manifest, read_rollbacks, read_scores, read_status

T = TypeVar("T")
_COSTS = "its images, time and FLOPs are those of the log (ganzoo verify says more)"


def read_state(path: Path, steps: int, remarks: list[str]) -> Status | None:
    """Return how far a run is; a damaged status.json is made up for, with a remark."""
    try:
        return read_status(path)
    except CheckpointError as error:
        found = rebuild_status(path, steps)
        remarks.append(describe(error, f"by its checkpoints and log it is {found.state} at step {found.step}"))
        return found


def end_if_abandoned(run: Path, status: Status | None) -> Status | None:
    """Return the status of a run; interrupted if it says that the run goes on, and its process was killed."""
    if status is not None and is_abandoned(run / "run.lock", status):
        return replace(status, state="interrupted")
    return status


def is_starting(grid: Path, cell: str) -> bool:
    """Return whether a cell has begun since its grid did, though it has left nothing yet, and the grid is at work."""
    log, plan = grid / "logs" / f"{cell}.log", grid / "grid.json"
    begun = log.is_file() and plan.is_file() and log.stat().st_mtime >= plan.stat().st_mtime
    return begun and is_held(grid / "grid.lock")


def read_outcome(path: Path, status: Status | None, remarks: list[str]) -> dict[str, Any]:
    """Return what a run left; a file that cannot be read adds a remark."""
    manifest = _keep(lambda: read_manifest(path), None, "its data, costs and machine are not known", remarks)
    record: dict[str, Any] = _keep(lambda: read_last_log_record(path), {}, "its time is not known", remarks)
    reports: list[dict[str, Any]] = _keep(lambda: read_scores(path), [], "it counts as not scored", remarks)
    if status and status.state == "complete" and (logged := record.get("step", 0)) > status.step:
        remarks.append(f"{path / 'log.jsonl'}: ends at step {logged:,}, after the end of the run: {_COSTS}")
    if rollbacks := _keep(lambda: read_rollbacks(path), 0, "it is not known whether it diverged", remarks):
        remarks.append(
            f"{path.name} diverged and went back to a checkpoint {rollbacks} times (on_nan = rollback): "
            f"its rates ended at 1/{2**rollbacks} of those in its recipe"
        )
    cost, step = manifest.cost if manifest else None, record.get("step")
    per_step = cost.flops_per_step if cost else None
    return {
        "reports": tuple(reports),
        "manifest": manifest,
        "images": record.get("images"),
        "seconds": record.get("seconds"),
        "flops": None if per_step is None or step is None else per_step * step,
        "parameters": cost.parameters_g + cost.parameters_d if cost else None,
        "memory_mb": status.memory_mb if status else None,
        "remarks": tuple(remarks),
    }


def _keep(read: Callable[[], T], instead: T, meaning: str, remarks: list[str]) -> T:
    """Return what `read` returns; for a file that cannot be read, `instead`, with a remark."""
    try:
        return read()
    except CheckpointError as error:
        remarks.append(describe(error, meaning))
        return instead
