"""A check of whole runs: their generator leaves ganzoo, comes back, and makes the same samples."""

from __future__ import annotations

from pathlib import Path

import torch

from ganzoo.errors import EvaluationError
from ganzoo.export.loaded import load
from ganzoo.export.write import export_run
from ganzoo.runs.run import Run
from ganzoo.testing.expectations import ConformanceError, expect


def compare_exported(run: Run, folder: Path) -> float:
    """Compare a generator with what is exported of it, as `ganzoo.testing.check_export` says."""
    hint = "z.shape[0] for the length of a batch, and no branch on the values of a tensor"
    try:
        program = export_run(run, folder / "g.pt2")
    except EvaluationError as error:
        raise ConformanceError("G to become a program of torch.export", came=str(error), hint=hint) from error
    export_run(run, folder / "g")
    own, loaded = run.samples(16).plain(), load(folder / "g", zoo=run.zoo).sample(16).plain()
    came = f"{int((own != loaded).sum())} of {own.numel()} values differ"
    expect(torch.equal(own, loaded), "ganzoo.load to give the samples of the run", came=came, hint="weights in modules")
    return program.difference
