"""Time steps in fp32 and in bf16 in turns, and show the share of the ceiling that each reaches: is `auto` right here?

    python docs/benchmarks/precisions.py --only "dcgan, wgan, gp"

Milliseconds are those of the processor, the fastest of some turns, since other programs only make one slower. The
ceiling is the rate of a product of two large matrices in the same precision; "bound" is how many times as fast a step
would be that took no other time than its FLOPs at this rate.
"""

import argparse
import time
from collections.abc import Callable, Mapping

import torch

from ganzoo.contracts import Samples
from ganzoo.machine.limits import limit_threads
from ganzoo.training.costs import measure_costs
from ganzoo.training.loop import Training, advance
from ganzoo.training.prepare import prepare
from ganzoo.zoo.plugins import load_zoo
from ganzoo.zoo.recipes import find_recipe, settle

GP = {"loss.name": "wgan", "lipschitz.name": "gp"}
SMALL = {"dataset.name": "mnist-5k"}
WORKS = {
    "dcgan, wgan, gp": ("", {**SMALL, "model.name": "dcgan", **GP}),
    "dcgan, bce": ("", {**SMALL, "model.name": "dcgan", "loss.name": "bce"}),
    "resnet, hinge, sn": ("", {**SMALL, "model.name": "resnet", "loss.name": "hinge", "lipschitz.name": "sn"}),
    "mlp, bce": ("", {**SMALL, "model.name": "mlp", "loss.name": "bce"}),
    "mlp, wgan, gp, points": ("", {"dataset.name": "gaussians8", "model.name": "mlp", **GP}),
    "resnet 32 px, hinge, sn": ("sngan", {"dataset.name": "digits", "dataset.image_size": 32}),
}
FORMATS = {"fp32": torch.float32, "bf16": torch.bfloat16}
LEAST = 0.3
"""Seconds of the processor that a turn takes at least."""


def main() -> None:
    """Measure the workloads and print a row for each."""
    args = _parse()
    limit_threads()
    torch.set_num_threads(args.threads)
    rates = {precision: measure_rate(dtype) for precision, dtype in FORMATS.items()}
    print("products of matrices: " + ", ".join(f"{name} {rate / 1e9:.0f} GFLOP/s" for name, rate in rates.items()))
    print("| workload | GFLOP | fp32, ms | bf16, ms | ratio | lowest, highest | fp32: of ceiling | bound | bf16 |")
    print("|---|---|---|---|---|---|---|---|---|")
    for work in args.only or WORKS:
        print(f"| {work} | {compare(*WORKS[work], args.turns, rates)} |", flush=True)


def measure_rate(dtype: torch.dtype) -> float:
    """Return the highest FLOP rate of some products of matrices 1024 x 1024, by the time of the processor."""
    x = torch.randn(1024, 1024).to(dtype)
    return 2 * 1024**3 / min(time_calls(lambda: x @ x) for _ in range(3))


def compare(recipe: str, flags: Mapping[str, object], turns: int, rates: Mapping[str, float]) -> str:
    """Return the columns of a row after the workload."""
    trainings = {precision: build(recipe, {**flags, "train.precision": precision}) for precision in FORMATS}
    training, samples = trainings["fp32"]
    flops = measure_costs(training.gan, samples, training.run.optim)["flops_per_step"]
    rows = [{name: time_calls(lambda t=t: advance(t)) for name, (t, _) in trainings.items()} for _ in range(turns)]
    ratios = sorted(row["fp32"] / row["bf16"] for row in rows)
    seconds = {name: min(row[name] for row in rows) for name in trainings}
    shares = {name: flops / seconds[name] / rates[name] for name in trainings}
    cells = [f"{flops / 1e9:.2f}", *(f"{1000 * value:.1f}" for value in seconds.values())]
    cells += [f"{seconds['fp32'] / seconds['bf16']:.2f}", f"{ratios[0]:.2f}, {ratios[-1]:.2f}"]
    return " | ".join([*cells, f"{shares['fp32']:.0%}", f"{1 / shares['fp32']:.2f}", f"{shares['bf16']:.0%}"])


def build(recipe: str, flags: Mapping[str, object]) -> tuple[Training, Samples]:
    """Return a training on the CPU that has done a step, and its samples."""
    run = settle(recipe=find_recipe(recipe) if recipe else None, flags={"train.device": "cpu", **flags}).run
    training, samples = prepare(run, load_zoo(disabled=["all"]), lambda note: None)
    advance(training)
    return training, samples


def time_calls(function: Callable[[], object]) -> float:
    """Return the seconds of the processor that a call takes, over as many as fill a turn."""
    start, count = time.process_time(), 0
    while time.process_time() - start < LEAST:
        function()
        count += 1
    return (time.process_time() - start) / count


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=WORKS, help="workloads; all by default")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--turns", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    main()
