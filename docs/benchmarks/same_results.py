"""Compare the scores of fast and plain steps over several seeds, after the same number of steps.

    python docs/benchmarks/same_results.py --dataset digits
    python docs/benchmarks/same_results.py --dataset mnist --model dcgan --loss bce --lipschitz none --steps 400

There are three methods: `eager` is the baseline loop in float32; `fp32` is the step of ganzoo; `bf16` is the same under
autocast. On CUDA, `fp32` and `bf16` run as captured graphs. A CPU without bf16 arithmetic would take minutes for a step
in bf16, so the script emulates its products there: it rounds operands and results to bf16 and sums in float32, as AMX
does.
"""

import argparse
import statistics
import time
from contextlib import nullcontext
from dataclasses import replace

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

from ganzoo.contracts import Score
from ganzoo.evaluation.run_evaluator import RunEvaluator
from ganzoo.runs.baseline import Baseline
from ganzoo.runs.observer import Observer
from ganzoo.settings.sections import RunConfig
from ganzoo.training.loop import advance
from ganzoo.training.prepare import prepare
from ganzoo.zoo.plugins import load_zoo
from ganzoo.zoo.recipes import settle

WAYS = ("eager", "fp32", "bf16")
PRODUCTS = {torch.ops.aten.convolution, torch.ops.aten.convolution_backward} | {
    getattr(torch.ops.aten, name) for name in ("mm", "addmm", "bmm", "baddbmm", "mv", "dot")
}


class EmulatedBf16(TorchDispatchMode):
    """Compute products of bf16 tensors in float32 and round the results to bf16."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func._overloadpacket not in PRODUCTS or not any(_is_bf16(x) for x in args):
            return func(*args, **kwargs)
        widened = tree_map_only(torch.Tensor, lambda x: x.float() if _is_bf16(x) else x, args)
        return tree_map_only(torch.Tensor, lambda x: x.bfloat16(), func(*widened, **kwargs))


def _is_bf16(x: object) -> bool:
    return isinstance(x, torch.Tensor) and x.dtype == torch.bfloat16


def main() -> None:
    """Train with every method and seed, and print a table of scores."""
    args = _parse()
    flags = {"dataset.name": args.dataset, "model.name": args.model, "train.device": args.device}
    flags |= {"loss.name": args.loss, "lipschitz.name": args.lipschitz}
    flags |= {"dataset.root": args.data_root} if args.data_root else {}
    settings = settle(flags=flags | ({"train.steps": args.steps} if args.steps else {}))
    scores = {way: [] for way in WAYS}
    for seed in range(args.seeds):
        for way in WAYS:
            start = time.perf_counter()
            name, score = train(settings.run, way, seed)
            scores[way].append(score.value)
            print(f"{way:5}  seed {seed}  {name} {score.value:.2f}  {time.perf_counter() - start:.0f} s", flush=True)
    print(f"\n{settings.run.title}, {settings.run.train.steps} steps, {name}\n")
    print("| method | " + " | ".join(f"seed {seed}" for seed in range(args.seeds)) + " | mean | std |")
    print("|---|" + "---|" * (args.seeds + 2))
    for way, values in scores.items():
        mean, std = statistics.mean(values), statistics.stdev(values)
        print(f"| {way} | " + " | ".join(f"{value:.2f}" for value in (*values, mean, std)) + " |")


def train(run: RunConfig, way: str, seed: int) -> tuple[str, Score]:
    """Train to the end by one of the WAYS; return the name of the score and the score of G_ema."""
    run = replace(run, train=replace(run.train, seed=seed, precision="fp32" if way == "eager" else way))
    training, samples = prepare(run, ZOO, Observer().note)
    gan, device = training.gan, training.gan.device.torch_device
    if way == "eager":
        baseline = Baseline(run, ZOO, samples, device)
        gan, step = baseline.gan, baseline.step
    else:
        step = lambda: advance(training)  # noqa: E731
    with EmulatedBf16() if way == "bf16" and device.type == "cpu" else nullcontext():
        for _ in range(run.train.steps):
            step()
    name, score, _ = RunEvaluator(run, ZOO, samples).quick_score(gan)
    return name, score


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--dataset", default="digits")
    parser.add_argument("--data-root", default="")
    parser.add_argument("--model", default="dcgan")
    parser.add_argument("--loss", default="wgan")
    parser.add_argument("--lipschitz", default="gp")
    parser.add_argument("--steps", type=int, default=0, help="0: the number of the recipe")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--device", default="auto")
    return parser.parse_args()


ZOO = load_zoo()

if __name__ == "__main__":
    main()
