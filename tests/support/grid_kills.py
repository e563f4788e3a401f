"""A grid whose cells and parent are killed, and one that is not: python -m support.grid_kills FOLDER KILLS SEED"""

import csv
import io
import os
import re
import signal
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random

from ganzoo.files import read_records
from support.lives import begin, live
from support.runs import TINY, assert_equal_runs

CELLS = [f"mlp-{loss}-none-digits-s{seed}" for seed in (0, 1) for loss in ("bce", "wgan")]
WORDS = ["compare", *TINY[1:], "--model=mlp", "--loss=bce,wgan", "--seeds=0..1", "--jobs=2", "--steps=150", "--evals=2"]
WORDS += ["--set=train.save_every=10"]
ENDED = (0, 8)
"""Exit codes of a grid that came to its end: all complete, or some cells failed."""


class Tormentor:
    """The process that starts the grid, and kills its cells or its parent."""

    def __init__(self, place, seed):
        self.place, self.random, self.killed = place, Random(seed), Counter()
        self.grid, self.output = place / "killed", place / "output.txt"

    def torment(self, kills):
        """Start the grid anew each time that it ended or its parent was killed, until so many were killed."""
        while self.killed.total() < kills:
            self.one_life(kills)
        end = live([*WORDS, "--retry=failed", "--out", self.grid], self.output, forked=False)
        assert end.code == 0, end.said

    def one_life(self, kills):
        pid, moment = begin([*WORDS, "--retry=failed", "--out", self.grid], self.output, forked=False), None
        while not (ended := os.waitpid(pid, os.WNOHANG))[0]:
            time.sleep(0.05)
            if moment is None and (children(pid) or self.random.random() < 0.002):  # else most kills hit the start
                moment = time.monotonic() + self.random.uniform(0, 6)
            if moment is not None and time.monotonic() > moment and self.killed.total() < kills:
                moment = None
                self.kill_one(pid)
        code = os.waitstatus_to_exitcode(ended[1])
        said = self.output.read_text(errors="replace")
        assert code in (*ENDED, -signal.SIGKILL), said
        assert "Traceback" not in said, said

    def kill_one(self, parent):
        cells = children(parent)
        victim = self.random.choice([parent, *cells])
        with suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
            self.killed["parent" if victim == parent else "cell"] += 1


def children(pid):
    """The processes that another one started and that still run: those of the cells."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(folder.name))
    return found


def table(grid, output):
    """The rows of the grid's table, without times and memory."""
    end = live(["table", grid, "--format=csv"], output, forked=False)
    assert end.code == 0, end.said
    rows = list(csv.DictReader(io.StringIO(end.said)))
    return [
        {key: value for key, value in row.items() if not re.search("second|memory|time|speed", key)} for row in rows
    ]


def main():
    place, kills, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    place.mkdir(parents=True, exist_ok=True)
    os.environ["GANZOO_CACHE"] = str(place / "cache")
    print(f"seed {seed} of the moments")
    tormentor = Tormentor(place, seed)
    tormentor.torment(kills)
    whole = place / "whole"
    end = live([*WORDS, "--out", whole], tormentor.output, forked=False)
    assert end.code == 0, end.said
    for cell in CELLS:
        assert_equal_runs(tormentor.grid / "cells" / cell, whole / "cells" / cell)
    killed, undisturbed = (table(grid, place / "table.txt") for grid in (tormentor.grid, whole))
    assert killed == undisturbed
    attempts = len(read_records(tormentor.grid / "cells.jsonl"))
    counts = ", ".join(f"{number} of a {what}" for what, number in sorted(tormentor.killed.items()))
    print(
        f"{tormentor.killed.total()} kills ({counts}), {attempts} endings of {len(CELLS)} cells: equal tables and runs"
    )


if __name__ == "__main__":
    main()
