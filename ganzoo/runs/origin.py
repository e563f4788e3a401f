"""Origin of a run that begins with a checkpoint of another one: which checkpoint that is."""

from __future__ import annotations

from typing import Any

from ganzoo.errors import CheckpointError
from ganzoo.runs import checkpoint
from ganzoo.runs.checkpoint import Checkpoint
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.scores import best_evaluation

LATEST, BEST = "latest", "best"


def load_start(folder: RunFolder, start: str) -> Checkpoint:
    """Load the checkpoint "latest", "best" or of a step. Raises CheckpointError if there is none."""
    if start == LATEST:
        return checkpoint.load(folder.checkpoints, quarantine=False)
    if start != BEST:
        return checkpoint.load(folder.checkpoints, int(start), quarantine=False)
    if not (best := best_evaluation(folder)):
        steps = checkpoint.available_steps(folder.checkpoints)
        what = f"no evaluation chose a best checkpoint; there are steps {', '.join(map(str, steps))}"
        raise CheckpointError(what, where=str(folder.path), hint=f"--from {steps[-1] if steps else LATEST}")
    return checkpoint.load(folder.checkpoints, int(best["step"]), quarantine=False)


def describe_origin(folder: RunFolder, step: int) -> dict[str, Any]:
    """Return the run, the step and the SHA-256 of a checkpoint, for the manifest of a run that begins with it."""
    digest = checkpoint.read_digest(folder.checkpoints, step)
    return {"run": str(folder.path.absolute()), "step": step, "sha256": digest}
