"""Compare the speed of small networks in this tree with that in another one, such as the tree of an older commit.

    git worktree add ../before COMMIT
    python docs/benchmarks/small_networks.py ../before --threads 1 2

Processes of the two trees take turns. A line gives the milliseconds of the processor that a step takes in both, medians
over the turns, and the median, the lowest and the highest ratio of before to now. `--wall` counts those of the clock
instead, on a machine that does nothing else.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parents[2]
GP, SN = {"loss.name": "wgan", "lipschitz.name": "gp"}, {"loss.name": "hinge", "lipschitz.name": "sn"}
WORKS = {
    "dcgan, wgan, gp": {"model.name": "dcgan", **GP},
    "dcgan, bce": {"model.name": "dcgan", "loss.name": "bce"},
    "resnet, hinge, sn": {"model.name": "resnet", **SN},
    "resnet, wgan, gp": {"model.name": "resnet", **GP},
    "mlp, wgan, gp": {"model.name": "mlp", **GP, "dataset.name": "gaussians8"},
}
WARM_UP, STEPS, PARTS = 4, 6, 4
"""Steps before the first part, steps of a part, and parts of a process's turn.

The fastest part counts, since other programs only make one slower.
"""


def main() -> None:
    """Measure the workloads and print a table."""
    args = _parse()
    if args.work:
        clock = time.perf_counter if args.wall else time.process_time
        print(json.dumps(time_steps(WORKS[args.work], args.threads[0], clock)))
        return
    print("| workload | threads | before, ms | now, ms | ratio | lowest, highest | faults before | now |")
    print("|---|---|---|---|---|---|---|---|")
    for threads in args.threads:
        for work in args.only or WORKS:
            print(f"| {work} | {threads} | {compare(work, threads, args)} |", flush=True)


def compare(work: str, threads: int, args: argparse.Namespace) -> str:
    """Return the columns of a row after the number of threads."""
    turns = [[measure(tree, work, threads, args.wall) for tree in (args.before, HERE)] for _ in range(args.repeats)]
    ratios = [before["ms"] / now["ms"] for before, now in turns]
    ms = [statistics.median(turn[side]["ms"] for turn in turns) for side in (0, 1)]
    faults = [statistics.median(turn[side]["faults"] for turn in turns) for side in (0, 1)]
    cells = [*(f"{value:.1f}" for value in ms), f"{statistics.median(ratios):.2f}"]
    return " | ".join([*cells, f"{min(ratios):.2f}, {max(ratios):.2f}", *(f"{count:,.0f}" for count in faults)])


def measure(tree: Path, work: str, threads: int, wall: bool) -> dict[str, float]:
    """Time a workload in a process that has the packages of one tree."""
    command = [sys.executable, __file__, str(tree), "--work", work, "--threads", str(threads)]
    environment = {**os.environ, "PYTHONPATH": str(tree.resolve()), "OMP_NUM_THREADS": str(threads)}
    environment |= {"GANZOO_DISABLE_PLUGINS": "all", "GOMP_SPINCOUNT": "5000"}  # as the command line sets it
    command += ["--wall"] if wall else []
    ended = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)  # noqa: S603
    return json.loads(ended.stdout)


def time_steps(flags: dict[str, str], threads: int, clock: Callable[[], float]) -> dict[str, float]:
    """Return the milliseconds and the page faults of a step."""
    import torch

    from ganzoo.training.loop import advance
    from ganzoo.training.prepare import prepare
    from ganzoo.zoo.plugins import load_zoo
    from ganzoo.zoo.recipes import settle

    torch.set_num_threads(threads)
    run = settle(recipe=None, flags={"dataset.name": "mnist-5k", "train.device": "cpu", **flags}).run
    training, _ = prepare(run, load_zoo(), lambda note: None)
    for _ in range(WARM_UP):
        advance(training)
    parts = [_time_part(lambda: advance(training), clock) for _ in range(PARTS)]
    return {"ms": min(ms for ms, _ in parts), "faults": statistics.median(faults for _, faults in parts)}


def _time_part(step: Callable[[], object], clock: Callable[[], float]) -> tuple[float, float]:
    faults, start = _count_faults(), clock()
    for _ in range(STEPS):
        step()
    return 1000 * (clock() - start) / STEPS, (_count_faults() - faults) / STEPS


def _count_faults() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path, help="tree to compare with")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--only", nargs="+", choices=WORKS, help="workloads; all by default")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--wall", action="store_true", help="measure by the clock")
    parser.add_argument("--work", choices=WORKS, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
