"""Commands, times and machines that made the runs of a grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from ganzoo.errors import CheckpointError
from ganzoo.grid.records import Attempt, Plan, make_attempts, read_attempts, read_plan
from ganzoo.results.read import Result
from ganzoo.runs.records import DeviceRecord, Manifest, Platform


@dataclass(frozen=True)
class Provenance:
    """Commands, times and machines that made the runs of a grid."""

    commands: tuple[tuple[str, ...], ...]
    created: str
    cells: int
    states: Mapping[str, int]
    """State -> number of cells."""
    seconds: float
    """Seconds of all attempts together."""
    elapsed: float | None
    """Seconds from the first start to the last end; None if nothing ran."""
    machines: tuple[str, ...]
    """System, device and versions, one line for each kind of machine."""


def read_provenance(grid: Path, results: Sequence[Result]) -> Provenance:
    """Return the commands, times and machines that made the cells of a grid."""
    plan, attempts = read_plan(grid) or Plan({}), _read_attempts(grid)
    ends = [(each.ended, timedelta(seconds=each.seconds)) for each in attempts if each.ended]
    elapsed = (max(end for end, _ in ends) - min(end - took for end, took in ends)).total_seconds() if ends else None
    states = [result.state for result in results]
    machines = dict.fromkeys(_describe_machine(result.manifest) for result in results if result.manifest)
    return Provenance(
        commands=plan.commands,
        created=plan.created,
        cells=len(plan.cells),
        states={state: states.count(state) for state in dict.fromkeys(states)},
        seconds=sum(attempt.seconds for attempt in attempts),
        elapsed=elapsed,
        machines=tuple(machines),
    )


def _describe_machine(manifest: Manifest) -> str:
    system, device = manifest.platform or Platform(), manifest.device or DeviceRecord()
    versions = ", ".join(f"{name} {version}" for name, version in manifest.versions.items())
    made_by = f"{device.type} {device.name}, {device.precision}, threads {device.threads}"
    return f"{_describe_processor(system)}{system.system}; {made_by}; Python {system.python}, {versions}"


def _describe_processor(system: Platform) -> str:
    """Return processor, cores and GPUs, as far as a manifest has them."""
    cores = f"{system.cores} cores" if system.cores else ""
    parts = [system.processor, cores, *system.gpus]
    return "".join(f"{part}; " for part in parts if part)


def _read_attempts(grid: Path) -> list[Attempt]:
    """Return all attempts; none if their file cannot be read, which the results say."""
    try:
        return make_attempts(read_attempts(grid).records)
    except CheckpointError:
        return []
