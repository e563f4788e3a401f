"""A check of whole runs: one that is interrupted and resumed ends like one that is not."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

from ganzoo.contracts import Observer
from ganzoo.errors import RunInterrupted
from ganzoo.runs import checkpoint
from ganzoo.runs.run import Run
from ganzoo.testing.expectations import ConformanceError, expect
from ganzoo.testing.networks import differences


class _Interrupt(Observer):
    """Asks the process to stop after the first step, as a batch system does."""

    def step(self, step: int) -> None:
        if step == 1:
            os.kill(os.getpid(), signal.SIGTERM)


def compare_with_interrupted(train: Callable[..., Run], folder: Path) -> Run:
    """Compare the ends of a whole run and of an interrupted one, as `ganzoo.testing.check_resume` says."""
    whole = train(out=folder / "whole")
    try:
        train(out=folder / "interrupted", observer=_Interrupt())
    except RunInterrupted:
        resumed = Run(folder / "interrupted").resume()
    else:
        raise ConformanceError(
            "a run of two steps or more", came="a run that ended with its first step", hint="steps=2"
        )
    one, other = (checkpoint.load(run.path / "checkpoints").state for run in (whole, resumed))
    unlike = list(differences(one, other))
    hint = "state in buffers of a module (a loss keeps none), not in globals; torch's global generator"
    came = f"{len(unlike)} parts differ: {', '.join(unlike[:5])}"
    expect(not unlike, "a resumed run to end like a whole one", came=came, hint=hint)
    return whole
