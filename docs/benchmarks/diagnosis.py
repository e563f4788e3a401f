"""Measure the cost of the audits of --diagnose relative to that of the steps, on a machine that does nothing else.

    python docs/benchmarks/diagnosis.py [REPEATS]

Steps and audits alternate, and their medians are compared. The data are the digits of ganzoo, with default settings.
"""

from __future__ import annotations

import statistics
import sys
import time

import torch

from ganzoo import load_zoo
from ganzoo.audit.watch import Watch
from ganzoo.runs.observer import Observer
from ganzoo.training.loop import Training, advance
from ganzoo.training.prepare import prepare
from ganzoo.zoo.recipes import settle

WORKS = {
    "mlp, bce": {"model.name": "mlp", "loss.name": "bce"},
    "dcgan, bce": {"model.name": "dcgan", "loss.name": "bce"},
    "dcgan, wgan, gp": {"model.name": "dcgan", "loss.name": "wgan", "lipschitz.name": "gp"},
    "resnet, hinge, sn": {"model.name": "resnet", "loss.name": "hinge", "lipschitz.name": "sn"},
}
EVERY = 1000
"""Steps between two audits with --diagnose."""
STEPS = 10
"""Steps between two audits in this measurement."""


def main() -> None:
    """Measure all workloads and print a table."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    print(f"{torch.get_num_threads()} threads, {repeats} repeats of {STEPS} steps and an audit")
    print("| workload | step, s | audit, s | audit / step | share of the time with an audit every 1000 steps |")
    print("|---|---|---|---|---|")
    for name, flags in WORKS.items():
        step, audit = measure(flags, repeats)
        share = audit / (EVERY * step + audit)
        print(f"| {name} | {step:.4f} | {audit:.3f} | {audit / step:.1f} | {share:.2%} |", flush=True)


def measure(flags: dict[str, str], repeats: int) -> tuple[float, float]:
    """Return the median seconds of a step and of an audit."""
    zoo = load_zoo()
    settings = settle(flags={"dataset.name": "digits"} | flags)
    training, samples = prepare(settings.run, zoo, Observer().note)
    watch = Watch(samples, zoo.create("dataset", settings.run.dataset), training.gan.device.torch_device)
    times = [(time_steps(training), watch.audit(training.gan, training.step)[2]) for _ in range(repeats + 1)]
    steps, audits = zip(*times[1:], strict=True)  # the first ones warm up
    return statistics.median(steps), statistics.median(audits)


def time_steps(training: Training) -> float:
    """Return the mean seconds of a step."""
    start = time.perf_counter()
    for _ in range(STEPS):
        advance(training)
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return (time.perf_counter() - start) / STEPS


if __name__ == "__main__":
    main()
