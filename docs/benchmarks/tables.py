"""Time `ganzoo table` with many runs, including the start of its process: python docs/benchmarks/tables.py [RUNS]."""

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from itertools import product
from pathlib import Path

from ganzoo.runs.folder import RunFolder
from ganzoo.settings.sections import Choice, RunConfig, TrainConfig

LOSSES = ("bce", "wgan", "hinge", "lsgan", "rpgan")
SCORES = ("FD", "IS", "KD", "precision", "recall", "density", "coverage", "memorised")
PROTOCOL = {
    "features": "digits-cnn",
    "fingerprint": {"weights": "a" * 64, "resize": "bilinear to 32", "dtype": "float32"},
    "generated": {"count": 2000, "source": "generator", "weights": "ema", "step": 1000, "seed": 0, "labels": "none"},
    "reference": {"dataset": "digits", "options": {}, "count": 1797, "sha256": "b" * 64},
}


def make_run(path: Path, loss: str, lipschitz: str, seed: int) -> None:
    """Write the files of a run of 1,000 steps, except checkpoints and pictures."""
    run = RunConfig(Choice("dcgan"), Choice(loss), Choice(lipschitz), Choice("none"), Choice("digits"),
                    train=TrainConfig(steps=1000, seed=seed))  # fmt: skip
    folder = RunFolder(path)
    path.mkdir(parents=True)
    folder.write_recipe(run)
    record = {"step": 1000, "images": 64_000, "d/adversarial": 1.0, "g/adversarial": 1.0, "seconds": 60.0}
    folder.log.write_text("".join(json.dumps(record | {"step": step}) + "\n" for step in range(10, 1001, 10)))
    folder.write_json(folder.status, {"state": "complete", "step": 1000, "steps": 1000, "memory_mb": 900.0})
    cost = {"parameters_g": 1_000_000, "parameters_d": 1_000_000, "flops_per_step": 1e9}
    folder.write_json(folder.manifest, {"cost": cost, "data": {"sha256": "c" * 64}, "origins": dict.fromkeys(LOSSES)})
    folder.write_json(folder.scores, {"reports": [make_report(checkpoint) for checkpoint in ("last", "best")]})


def make_report(checkpoint: str) -> dict:
    """Return a report with chance for scores."""
    value = {"better": "lower", "low": 1.0, "high": 2.0, "std": None}
    scores = {f"{name}(digits-cnn)-2k": {"value": random.random(), **value} for name in SCORES}  # noqa: S311
    pairs = [{"fake": i, "real": i, "distance": 0.5} for i in range(16)]
    return {"checkpoint": checkpoint, "scores": scores, "protocol": PROTOCOL, "memorisation": {"pairs": pairs}}


def main() -> None:
    """Write the runs, then print the seconds of five tables."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as folder:
        cells = product(range(count // (len(LOSSES) * 4) + 1), LOSSES, ("none", "clip", "gp", "sn"))
        for seed, loss, lipschitz in [cell for cell, _ in zip(cells, range(count), strict=False)]:
            make_run(Path(folder, f"{loss}-{lipschitz}-{seed}"), loss, lipschitz, seed)
        for _ in range(5):
            start, before = time.perf_counter(), children_cpu()
            args = [sys.executable, "-m", "ganzoo", "table", folder]
            subprocess.run(args, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
            print(f"{count} runs: {time.perf_counter() - start:.2f} s, {children_cpu() - before:.2f} s on a core")


def children_cpu() -> float:
    """Return the CPU seconds of all child processes that have ended; other programs hardly change them."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
