"""Time each part of scoring a run, in one or two trees of ganzoo, and precision and recall beside torch-fidelity.

    python docs/benchmarks/scores.py --samples 2000 --rounds 3
    python docs/benchmarks/scores.py --samples 2000 --rounds 3 --against ../older-checkout
    python docs/benchmarks/scores.py --fidelity 10000 64

The first two score the images of a DCGAN by the default metrics; the reference is cached. With `--against`, one process
for each tree takes turns with the other, because the speed of a machine varies, but hardly within one round, and the
scores of both are compared. The third computes precision and recall of the same random features, and prints the memory.
Seconds are those of the processor, which other programs hardly change; `--wall` counts those of the clock.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[2]
Clock = Callable[[Callable[[], object]], float]
"""A function that returns the seconds that a call takes."""


def main() -> None:
    """Measure what the command line asks for and print tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="digits")
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--against", type=Path, help="another checkout of ganzoo")
    parser.add_argument("--fidelity", type=int, nargs=2, metavar=("SAMPLES", "FEATURES"))
    parser.add_argument("--alone", action="store_true", help="with --fidelity: without torch-fidelity")
    parser.add_argument("--wall", action="store_true", help="count the seconds of the clock")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    clock = partial(count_seconds, time.perf_counter if args.wall else time.process_time)
    if args.worker:
        work(args.dataset, args.samples, clock)
    elif args.fidelity:
        compare_with_fidelity(*args.fidelity, rounds=1 if args.alone else args.rounds, alone=args.alone, clock=clock)
    else:
        compare_trees([HERE, *([args.against] if args.against else [])], args)


def compare_trees(trees: list[Path], args: argparse.Namespace) -> None:
    """Let one process for each tree measure in turns, and print the medians and the median ratio of each part."""
    with tempfile.TemporaryDirectory() as cache:
        workers = [start_worker(tree, Path(cache) / str(i), args) for i, tree in enumerate(trees)]
        rounds = [[ask(worker) for worker in workers] for _ in range(args.rounds + 1)][1:]  # the first fills caches
        for worker in workers:
            worker.communicate()
    print(f"{'seconds of':24}" + "".join(f"{tree.resolve().name:>12}" for tree in trees) + "       ratio")
    for part in rounds[0][0]["seconds"]:
        columns = [[row[i]["seconds"][part] for row in rounds] for i in range(len(trees))]
        ratio = statistics.median(row[0]["seconds"][part] / row[-1]["seconds"][part] for row in rounds)
        print(f"{part:24}" + "".join(f"{statistics.median(column):12.3f}" for column in columns) + f"{ratio:12.2f}")
    for name, score in rounds[0][0]["scores"].items():
        other = rounds[0][-1]["scores"][name]
        print(f"{name:32} {score:.9g}   difference {abs(score - other) / max(abs(other), 1e-12):.1e}")


def start_worker(tree: Path, cache: Path, args: argparse.Namespace) -> subprocess.Popen[str]:
    """Start a process that measures one tree whenever it is asked."""
    environment = os.environ | {"PYTHONPATH": str(tree.resolve()), "GANZOO_CACHE": str(cache)}
    words = ["--worker", "--dataset", args.dataset, "--samples", str(args.samples), *["--wall"] * args.wall]
    return subprocess.Popen(  # noqa: S603
        [sys.executable, __file__, *words],
        env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def ask(worker: subprocess.Popen[str]) -> dict[str, Any]:
    """Return what a process measures next."""
    assert worker.stdin is not None and worker.stdout is not None
    worker.stdin.write("\n")
    worker.stdin.flush()
    found: dict[str, Any] = json.loads(worker.stdout.readline())
    return found


def work(dataset: str, count: int, clock: Clock) -> None:
    """Measure once for each line of the standard input."""
    import torch

    from ganzoo import load_zoo
    from ganzoo.evaluation.evaluator import open_evaluator
    from ganzoo.evaluation.run_evaluator import describe_images, generated_images
    from ganzoo.training.build import build_gan
    from ganzoo.training.device import choose_device
    from ganzoo.zoo.recipes import settle

    zoo, run = load_zoo(), settle(flags={"dataset.name": dataset, "model.name": "dcgan", "eval.samples": count}).run
    samples = zoo.create("dataset", run.dataset).load()
    torch.manual_seed(0)
    gan = build_gan(run, zoo, samples.spec, choose_device("cpu", "fp32"))
    evaluator = open_evaluator(samples, run, zoo, torch.device("cpu"))
    for _ in sys.stdin:
        images = generated_images(gan.G, gan, run.eval, samples.class_counts)
        print(json.dumps(measure(evaluator, images, describe_images(images, "ema", 0), clock)), flush=True)


def measure(evaluator: Any, images: Any, about: Any, clock: Clock) -> dict[str, Any]:
    """Return the seconds of each part alone and of the whole, and the scores."""
    seconds = {"sampling": clock(lambda: list(images.batches(evaluator.batch_size)))}
    fake = evaluator.extract(images)
    seconds["sampling, extraction"] = clock(lambda: evaluator.extract(images))
    for name, metric in evaluator.metrics.items():
        seconds[name] = clock(partial(metric.compute, real=metric.prepare(evaluator.reference), fake=fake))
    seconds["memorised"] = clock(lambda: evaluator.find_memorised(fake))
    reports = list[Any]()
    seconds["score, whole"] = clock(lambda: reports.append(evaluator.score(images, about, images.labels)))
    report = reports[0]
    seconds["closest pairs"] = clock(lambda: evaluator.draw_closest(report, images))
    return {"seconds": seconds, "scores": {name: score.value for name, score in report.scores.items()}}


def compare_with_fidelity(count: int, dim: int, *, rounds: int, alone: bool, clock: Clock) -> None:
    """Compute precision and recall of the same features by both, in turns."""
    import torch
    from torch_fidelity.metric_prc import prc_features_to_metric

    from ganzoo.builtin.metrics.precision_recall import PrecisionRecall
    from ganzoo.contracts import FeatureSet

    generator, scale = torch.Generator().manual_seed(0), torch.arange(1, dim + 1) ** -0.5
    rows = [torch.randn(count, dim, generator=generator) * scale for _ in range(2)]
    real, fake = (FeatureSet(count, x.mean(dim=0, dtype=torch.float64), torch.zeros(0), x) for x in rows)
    ratios = []
    for _ in range(rounds):
        ours = clock(lambda: PrecisionRecall().compute(real=real, fake=fake))
        print(f"ganzoo {ours:.2f} s, peak memory {peak_memory():,} MB", end="   ", flush=True)
        if not alone:
            theirs = clock(lambda: prc_features_to_metric(fake.rows, real.rows, verbose=False))
            ratios.append(ours / theirs)
            print(f"torch-fidelity {theirs:.2f} s, peak memory {peak_memory():,} MB, ratio {ours / theirs:.3f}", end="")
        print(flush=True)
    if ratios:
        print(f"median ratio {statistics.median(ratios):.3f}")


def peak_memory() -> int:
    """Return the peak memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def count_seconds(clock: Callable[[], float], function: Callable[[], object]) -> float:
    """Return the seconds that a call takes, by a clock."""
    start = clock()
    function()
    return clock() - start


if __name__ == "__main__":
    main()
