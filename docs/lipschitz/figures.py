"""Make all figures and numbers of docs/why-lipschitz.md again.

python docs/lipschitz/figures.py
python docs/lipschitz/figures.py --only surfaces --quick --out DIR

The script writes one PNG per experiment and results.json, and prints the tables. --quick tries everything with a few
updates; its numbers mean nothing.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from concurrent.futures import Future, ProcessPoolExecutor
from importlib import import_module
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from drawing import Outcome
from PIL import Image

HERE = Path(__file__).parent
EXPERIMENTS = ("surfaces", "depth", "curves", "modes", "settings")


def main() -> None:
    """Run every case in two processes, then draw and write."""
    args = _parse()
    modules = {name: import_module(name) for name in args.only or EXPERIMENTS}
    args.out.mkdir(parents=True, exist_ok=True)
    spawn = get_context("spawn")  # a fork would share torch's threads
    with ProcessPoolExecutor(
        args.processes, mp_context=spawn, initializer=torch.set_num_threads, initargs=(1,)
    ) as pool:
        waiting = {
            name: [pool.submit(play, name, case) for case in module.cases(args.quick)]
            for name, module in modules.items()
        }
        for name, futures in waiting.items():
            write(name, modules[name], futures, args.out)


def play(name: str, case: tuple[Any, ...]) -> tuple[Outcome, float]:
    """Return the outcome of one case and its seconds of processor time."""
    start = time.process_time()
    return import_module(name).play(*case), time.process_time() - start


def write(name: str, module: ModuleType, futures: list[Future[tuple[Outcome, float]]], out: Path) -> None:
    """Draw one experiment, add its numbers to results.json, and print its table."""
    outcomes, seconds = zip(*(future.result() for future in futures), strict=True)
    save_png(module.draw(list(outcomes)), out / f"{name}.png")
    numbers = [outcome.numbers for outcome in outcomes]
    path = out / "results.json"
    results = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    results |= {"made with": made_with(), name: {"processor seconds": round(sum(seconds)), "cases": numbers}}
    path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(f"\n{name}: {sum(seconds):.0f} s of processor time\n\n{module.table(numbers)}", flush=True)


def save_png(figure: Any, path: Path) -> None:
    """Write a figure with a palette of 64 colours, which takes a third of the bytes."""
    figure.savefig(path, dpi=100)
    with Image.open(path) as image:
        image.convert("RGB").quantize(64).save(path, optimize=True)


def made_with() -> dict[str, str]:
    """Return the versions that the numbers depend on."""
    packages = {name: version(name) for name in ("torch", "numpy", "scipy", "matplotlib")}
    return {"python": platform.python_version(), "machine": platform.machine(), **packages}


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--only", choices=EXPERIMENTS, action="append", help="make the figure of this experiment only; may be repeated"
    )
    parser.add_argument("--quick", action="store_true", help="make a few updates with one seed")
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to; default: that of this script")
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    if args.quick and args.out == HERE:
        parser.error("--quick needs --out DIR: its numbers are none to keep")
    return args


if __name__ == "__main__":
    main()
