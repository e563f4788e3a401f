"""Repair the checkpoints of a run: sidecars and pointers are rebuilt, and damaged states set aside as *.corrupt."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from ganzoo.runs import checkpoint
from ganzoo.runs.checkpoint_files import SCHEMA, find_files, read_json, read_versions, rename_corrupt, write_json
from ganzoo.runs.damage import move_aside
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.scores import keep_best_checkpoint
from ganzoo.runs.verdicts import Repair
from ganzoo.runs.verify_checkpoints import examine, find_best_fault, find_latest_fault, read_lone, verify, whole_steps
from ganzoo.settings.sections import RunConfig


def mend_checkpoints(folder: RunFolder, run: RunConfig | None) -> Iterator[Repair]:
    """Write sidecars anew for states that are whole, and set damaged checkpoints aside."""
    for step in sorted(find_files(folder.checkpoints, ".pt")):
        path = folder.checkpoints / f"step-{step:08d}.pt"
        if not any("sha256" in record for record in read_versions(path.with_suffix(".json"))):
            yield from _mend_lone(folder, path, step, run)
    for step in sorted(find_files(folder.checkpoints, ".json")):
        path = folder.checkpoints / f"step-{step:08d}.pt"
        fault = examine(path, step, run)
        if fault is not None and fault.is_damage:
            checkpoint.set_aside(folder.checkpoints, step)
            yield Repair(f"checkpoints/{path.name}", f"set aside as {path.name}.corrupt: {fault.what}")


def _mend_lone(folder: RunFolder, path: Path, step: int, run: RunConfig | None) -> Iterator[Repair]:
    """Write a sidecar for a state that has none that can be read; set it aside if it is not whole."""
    data, fault = read_lone(path, step, run)
    if fault is not None and not fault.is_damage:
        return
    sidecar = path.with_suffix(".json")
    put_aside(sidecar)
    if fault is not None:
        rename_corrupt(path)
        what = f"set aside as {path.name}.corrupt: no sidecar, and {fault.what}"
        yield Repair(f"checkpoints/{path.name}", what)
        return
    record = {"schema": SCHEMA, "step": step, "file": path.name, "bytes": len(data)}
    write_json(sidecar, record | {"sha256": hashlib.sha256(data).hexdigest()})
    what = "rebuilt: the state loads as plain data and is of this recipe; the SHA-256 is new"
    yield Repair(f"checkpoints/{sidecar.name}", what)


def mend_pointers(folder: RunFolder, run: RunConfig | None) -> Iterator[Repair]:
    """Write latest.json and best.json anew, by the checkpoints and the evaluations that there are."""
    verdicts = list(verify(folder, run))
    if any(verdict.is_needed for verdict in verdicts):
        return  # one of the checkpoints cannot be judged now
    whole = whole_steps(verdicts)
    latest, best = folder.checkpoints / "latest.json", folder.checkpoints / "best.json"
    if find_latest_fault(latest, whole):
        put_aside(latest)
        write_json(latest, read_json(folder.checkpoints / f"step-{max(whole):08d}.json"))
        yield Repair("checkpoints/latest.json", f"rebuilt: step {max(whole)}")
    if best.exists() and (fault := find_best_fault(best, whole)):
        put_aside(best)
        keep_best_checkpoint(folder)
        rebuilt = f"rebuilt: step {checkpoint.best_step(folder.checkpoints)}" if best.exists() else "set aside"
        yield Repair("checkpoints/best.json", f"{rebuilt}; it {fault}")


def put_aside(path: Path) -> None:
    """Move a damaged file to NAME.damaged, if it is there. Raises OSError."""
    if path.exists() or path.is_symlink():
        move_aside(path)
