"""List the operations that take most of the time of a step: python docs/benchmarks/operations.py sngan --dataset digits

The arguments are those of `ganzoo run`: a recipe (optional), --dataset, --model, --loss, --lipschitz, --image-size and
--batch-size. The second step is profiled. On a machine that other programs use, `--thread-time` counts the time that
one thread has had, over three steps; it contains some microseconds of Python for each call.
"""

import argparse
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode

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
    "precision": "train.precision",
}
SHOWN, STEPS = 8, 3


class ThreadTimes(TorchDispatchMode):
    """Counts calls and seconds of the thread of each operation."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds, self.calls = Counter[str](), Counter[str]()

    def __torch_dispatch__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Call an operation, and count it."""
        start = time.thread_time()
        found = function(*args, **(kwargs or {}))
        self.seconds[name := str(function.overloadpacket)] += time.thread_time() - start
        self.calls[name] += 1
        return found


def main() -> None:
    """Profile a step and print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("recipe", nargs="?")
    for name in KEYS:
        parser.add_argument(f"--{name.replace('_', '-')}", type=int if name.endswith("size") else str)
    parser.add_argument("--thread-time", action="store_true", help="count the time of one thread")
    args = vars(parser.parse_args())
    named = find_recipe(args["recipe"]) if args["recipe"] else None
    flags = {key: args[name] for name, key in KEYS.items() if args[name] is not None}
    training, _ = prepare(settle(recipe=named, flags=flags).run, load_zoo(), Observer().note)
    advance(training)
    if args["thread_time"]:
        show_thread_times(lambda: advance(training))
        return
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        advance(training)
    events = sorted(profiler.key_averages(), key=lambda event: -event.self_cpu_time_total)
    total = sum(event.self_cpu_time_total for event in events)
    print(f"{training.run.title}, torch {torch.__version__}, {torch.get_num_threads()} threads\n")
    print("| operation | calls | share of the time |\n|---|---|---|")
    for event in events[:SHOWN]:
        print(f"| `{event.key}` | {event.count} | {event.self_cpu_time_total / total:.1%} |")


def show_thread_times(step: Callable[[], object]) -> None:
    """Print the milliseconds of a step, and those of each operation, by the time of this thread."""
    torch.set_num_threads(1)
    start = time.thread_time()
    for _ in range(STEPS):
        step()
    print(f"a step: {1000 * (time.thread_time() - start) / STEPS:.1f} ms\n")
    with ThreadTimes() as times:
        for _ in range(STEPS):
            step()
    print("| operation | calls | ms |\n|---|---|---|")
    for name, seconds in times.seconds.most_common(2 * SHOWN):
        print(f"| `{name}` | {times.calls[name] // STEPS} | {1000 * seconds / STEPS:.1f} |")


if __name__ == "__main__":
    main()
