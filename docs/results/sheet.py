"""Draws samples of the runs of a grid, a row of the picture for each run or for each row of the grid's table.

python docs/results/sheet.py runs/mnist docs/results/mnist.png --count 24
python docs/results/sheet.py runs/cifar10-jpeg docs/results/cifar10-jpeg.png --over-time 4 --count 16
"""

import argparse
from collections import defaultdict
from pathlib import Path

import torch
from torch import Tensor

import ganzoo
from ganzoo.data.captions import Block, draw_blocks
from ganzoo.data.images import write_png


def find_runs(grid: Path) -> dict[str, list[Path]]:
    """Return the complete runs of a grid by the name of their row, which is that of the run without its seed."""
    rows = defaultdict(list)
    for path in sorted((grid / "cells").iterdir()):
        if (path / "scores.json").is_file():
            rows[path.name.rsplit("-s", 1)[0]].append(path)
    return rows


def read_score(run: Path) -> float:
    """Return the Frechet distance of the last checkpoint."""
    last = next(one for one in ganzoo.Run(run).scores if one["checkpoint"] == "last")
    return next(float(score["value"]) for name, score in last["scores"].items() if name.startswith("FD"))


def draw_row(runs: list[Path], count: int) -> Tensor:
    """Return `count` samples of the runs of a row, as many of each run, the classes in turn: uint8 (count, C, H, W)."""
    loaded = [ganzoo.Run(run) for run in runs]
    label = range(loaded[0].num_classes) if loaded[0].num_classes > 1 else None
    return torch.cat([run.samples(count // len(runs), label=label) for run in loaded])


def count_shared(rows: list[list[str]]) -> int:
    """Return the number of words with which all rows begin."""
    return next((k for k, words in enumerate(zip(*rows, strict=False)) if len(set(words)) > 1), 0)


def draw_ends(rows: dict[str, list[Path]], count: int) -> Block:
    """Draw the last samples of every row, the lowest mean distance first; names are without what all have in common."""
    score = {name: sum(map(read_score, runs)) / len(runs) for name, runs in rows.items()}
    order = sorted(rows, key=score.__getitem__)
    words = [name.split("-") for name in order]
    first, last = count_shared(words), count_shared([row[::-1] for row in words])
    own = ["-".join(row[first : len(row) - last]) for row in words]
    names = tuple(f"{short}  {score[name]:.1f}" for short, name in zip(own, order, strict=True))
    return Block(torch.cat([draw_row(rows[name], count) for name in order]), count, beside=names)


def draw_course(run: Path, name: str, count: int, moments: int) -> Block:
    """Draw the same latents at equally distant kept checkpoints of a run, the earliest first."""
    steps = sorted(int(path.stem.split("-")[1]) for path in (run / "checkpoints").glob("step-*.pt"))
    chosen = [min(steps, key=lambda step: abs(step - steps[-1] * k / moments)) for k in range(1, moments + 1)]
    x = torch.cat([ganzoo.Run(run).samples(count, step=step) for step in chosen])
    return Block(x, count, title=(f"{name}, {read_score(run):.1f}",), beside=tuple(f"step {step:,}" for step in chosen))


def main() -> None:
    """Draw the picture that the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("grid", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=18, help="samples in a row")
    parser.add_argument("--scale", type=int, default=1)
    parser.add_argument("--over-time", type=int, default=0, metavar="N", help="draw N moments of each run instead")
    how = parser.parse_args()
    rows = find_runs(how.grid)
    if how.over_time:
        blocks = [draw_course(runs[0], name.split(".toml")[0], how.count, how.over_time) for name, runs in rows.items()]
    else:
        blocks = [draw_ends(rows, how.count)]
    write_png(how.out, draw_blocks(blocks, how.scale))


if __name__ == "__main__":
    main()
