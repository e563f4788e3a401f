"""Show where the time of a cell of a grid goes, or compare grids of forks with grids of new processes.

    python docs/benchmarks/cells.py
    python docs/benchmarks/cells.py --ratio --cells 24 --jobs 2

A cell starts (its process, imports, plugins, settings), gets its data and networks, trains and is scored. The first
command prints the seconds of each, for cells that are forks of a server and for those that are processes of their own.
The second one alternates whole grids of toy cells. Seconds are those of the processor, which other programs hardly
change; `--wall` counts those of the clock.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from ganzoo.builtin.engines.local import Local
from ganzoo.cells import Cell

WORKS = {
    "mlp, 300 steps": ["--model", "mlp", "--steps", "300"],
    "dcgan, 100 steps": ["--model", "dcgan", "--set", "model.width=32", "--steps", "100"],
    "resnet, wgan, gp, 10 steps": [
        "wgan_gp",
        "--set",
        "model.width_g=32",
        "--set",
        "model.width_d=32",
        "--steps",
        "10",
    ],
}
TOY = [
    *("--model", "mlp", "--image-size", "8", "--batch-size", "8", "--set", "model.width=16", "--steps", "20"),
    *("--samples", "200", "--set", "eval.metrics=fid"),
]
PHASES = ("start", "data", "train", "score")
MARKING = """
import atexit, functools, json, os, sys, time

import ganzoo
from ganzoo.runs import start
from ganzoo.runs.session import Session

CLOCK = time.perf_counter if {wall} else time.process_time
MARKS = []

def mark(function):
    @functools.wraps(function)
    def marked(*args, **keywords):
        MARKS.append(CLOCK())
        return function(*args, **keywords)
    return marked

start.start, Session.run, Session.score = mark(start.start), mark(Session.run), mark(Session.score)

@atexit.register
def write():
    with open(sys.argv[-1] + ".marks", "w") as file:
        json.dump([*MARKS, CLOCK()], file)

@ganzoo.hookimpl
def register_losses():
    return {{}}
"""


def main() -> None:
    """Print a table of phases, or one of ratios."""
    args = _parse()
    with tempfile.TemporaryDirectory(prefix="ganzoo-cells-") as folder:
        if args.ratio:
            compare_grids(Path(folder), args)
        else:
            show_phases(Path(folder), args)


def show_phases(place: Path, args: argparse.Namespace) -> None:
    """Print the seconds of each phase of each cell, as it ends."""
    (place / "marking.py").write_text(MARKING.format(wall=args.wall), encoding="utf-8")
    print("| cell | way | start | data | train | score | all but train |\n|---|---|---|---|---|---|---|")
    for turn in range(args.repeats):
        for work in args.only or WORKS:
            for way in ("process", "fork"):
                phases = time_cell(place / f"{way}-{turn}", work, way == "fork", args.wall)
                rest = sum(phases) - phases[PHASES.index("train")]
                print(f"| {work} | {way} | {' | '.join(f'{value:.2f}' for value in [*phases, rest])} |", flush=True)


def time_cell(place: Path, work: str, fork: bool, wall: bool) -> list[float]:
    """Run a cell, after a toy for which the server starts where forks are timed; return the seconds of its phases."""
    plugin = ("--plugin", str(place.parent / "marking.py"))
    works = {"toy": TOY, work: WORKS[work]} if fork else {work: WORKS[work]}
    cells = [make_cell(place / work.split(",", maxsplit=1)[0], name, words, plugin) for name, words in works.items()]
    begun = time.perf_counter()
    for cell, ending in Local(jobs=1, threads=1, fork=fork).run(cells):
        if ending.state != "complete":
            raise SystemExit(ending.reason)
        if cell.name == "toy":
            begun = time.perf_counter()
    marks = json.loads(Path(f"{cells[-1].folder}.marks").read_text(encoding="utf-8"))
    return [after - before for before, after in pairwise([begun if wall else 0.0, *marks])]


def compare_grids(place: Path, args: argparse.Namespace) -> None:
    """Print the seconds of grids of toy cells of both ways, and their ratio, for each turn."""
    print(f"{args.cells} cells, {args.jobs} at once\n\n| processes, s | forks, s | ratio |\n|---|---|---|")
    for turn in range(args.repeats):
        old, new = (time_grid(place / f"{fork}-{turn}", fork, args) for fork in (False, True))
        print(f"| {old:.1f} | {new:.1f} | {new / old:.2f} |", flush=True)


def time_grid(place: Path, fork: bool, args: argparse.Namespace) -> float:
    """Run a grid of toy cells, and return its seconds."""
    cells = [make_cell(place, f"c{number}", TOY) for number in range(args.cells)]
    begun = read_clock(args.wall)
    endings = [ending for _, ending in Local(jobs=args.jobs, threads=1, fork=fork).run(cells)]
    if failed := [ending.reason for ending in endings if ending.state != "complete"]:
        raise SystemExit(failed[0])
    return read_clock(args.wall) - begun


def read_clock(wall: bool) -> float:
    """Return the seconds of the clock, or those of the processor of all child processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() if wall else usage.ru_utime + usage.ru_stime


def make_cell(place: Path, name: str, words: list[str], plugin: tuple[str, ...] = ()) -> Cell:
    """Return a cell on the digits of ganzoo."""
    program = (sys.executable, "-m", "ganzoo", "--no-plugin", "all", *plugin)
    arguments, folder = (*words, "--dataset", "digits"), place / name.replace(" ", "-")
    return Cell(name, program, arguments, folder, folder.with_suffix(".log"))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--ratio", action="store_true", help="compare grids of toy cells")
    parser.add_argument("--cells", type=int, default=24)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=WORKS, help="cells whose phases are shown")
    parser.add_argument("--wall", action="store_true", help="count the seconds of the clock")
    return parser.parse_args()


if __name__ == "__main__":
    main()
