"""List the operations that take most of the time of a step: python docs/benchmarks/operations.py sngan --dataset digits

The arguments are those of `ganzoo run`: a recipe (optional), --dataset, --model, --loss, --lipschitz, --image-size and
--batch-size. The second step is profiled.
"""

import argparse

import torch
from torch.profiler import ProfilerActivity, profile

from ganzoo.runs.observer import Observer
from ganzoo.training.loop import advance
from ganzoo.training.prepare import prepare
from ganzoo.zoo.plugins import load_zoo
from ganzoo.zoo.recipes import find_recipe, settle

KEYS = {
    "dataset": "dataset.name",
    "model": "model.name",
    "loss": "loss.name",
    "lipschitz": "lipschitz.name",
    "image_size": "dataset.image_size",
    "batch_size": "optim.batch_size",
}
SHOWN = 8


def main() -> None:
    """Profile a step and print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("recipe", nargs="?")
    for name in KEYS:
        parser.add_argument(f"--{name.replace('_', '-')}", type=int if name.endswith("size") else str)
    args = vars(parser.parse_args())
    named = find_recipe(args["recipe"]) if args["recipe"] else None
    flags = {key: args[name] for name, key in KEYS.items() if args[name] is not None}
    training, _ = prepare(settle(recipe=named, flags=flags).run, load_zoo(), Observer().note)
    advance(training)
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        advance(training)
    events = sorted(profiler.key_averages(), key=lambda event: -event.self_cpu_time_total)
    total = sum(event.self_cpu_time_total for event in events)
    print(f"{training.run.title}, torch {torch.__version__}, {torch.get_num_threads()} threads\n")
    print("| operation | calls | share of the time |\n|---|---|---|")
    for event in events[:SHOWN]:
        print(f"| `{event.key}` | {event.count} | {event.self_cpu_time_total / total:.1%} |")


if __name__ == "__main__":
    main()
