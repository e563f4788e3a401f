"""Four processes on one cache of images and one of references: python -m support.shared_caches FOLDER ROUNDS SEED

They start at once where nothing is cached; meanwhile entries are deleted, and one of the four may be killed.
"""

import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from random import Random

from support.lives import begin, import_all, live
from support.many_images import MEMBERS
from support.runs import TINY

PROCESSES = 4
DOUBTS = ("unusable", "damaged", "not cached", "cannot be read", "Traceback")
"""What a process says that read half a file."""


def make_images(folder):
    for name, data in MEMBERS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def words(images, out):
    return ["run", *TINY, f"--dataset=folder:{images}", "--cache", "--features=photos-cnn", "--steps=1", "--out", out]


def numbers(run):
    """The scores of a run, and the content hash of its data."""
    reports = json.loads((run / "scores.json").read_text())["reports"]
    data = json.loads((run / "manifest.json").read_text())["data"]["sha256"]
    return [(report["scores"], report["protocol"]) for report in reports], data


class Round:
    """One start of all processes."""

    def __init__(self, place, images, random):
        self.place, self.images, self.random = place, images, random
        self.deleted = 0

    def run(self, expected):
        """Let all run, and return how many were killed. Every other one has the expected numbers."""
        place, killed = self.place, set()
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        pids = {begin(words(self.images, place / f"{i}"), place / f"{i}.txt"): i for i in range(PROCESSES)}
        victim = self.random.choice([None, *pids])
        deadline = time.monotonic() + self.random.uniform(0.2, 4)
        while pids:
            ended, status = os.waitpid(-1, os.WNOHANG)
            if ended:
                number, code = pids.pop(ended), os.waitstatus_to_exitcode(status)
                self.check(number, code, expected, is_victim=ended == victim)
                killed |= {number} if code < 0 else set()
            elif victim in pids and time.monotonic() > deadline:
                os.kill(victim, signal.SIGKILL)
                deadline = float("inf")
            self.delete_an_entry()
        return len(killed)

    def delete_an_entry(self):
        time.sleep(0.01)
        if self.random.random() < 0.05:
            for path in Path(os.environ["GANZOO_CACHE"]).rglob(self.random.choice(["*.npz", "*.pixels", "*.json"])):
                path.unlink(missing_ok=True)
                self.deleted += 1

    def check(self, number, code, expected, *, is_victim):
        said = (self.place / f"{number}.txt").read_text(errors="replace")
        assert not [doubt for doubt in DOUBTS if doubt in said], said
        assert code == 0 or (is_victim and code == -signal.SIGKILL), said
        if code == 0:
            assert numbers(self.place / str(number)) == expected


def main():
    place, rounds, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    images, random = place / "images", Random(seed)
    make_images(images)
    import_all()
    print(f"seed {seed} of the moments")
    os.environ["GANZOO_CACHE"] = str(place / "own-cache")
    alone = live(words(images, place / "alone"), place / "alone.txt")
    assert alone.code == 0, alone.said
    os.environ["GANZOO_CACHE"] = str(place / "cache")
    one = Round(place / "round", images, random)
    killed = 0
    for number in range(rounds):
        if number % 2:
            shutil.rmtree(place / "cache", ignore_errors=True)
        killed += one.run(numbers(place / "alone"))
    print(f"{rounds} rounds of {PROCESSES} processes, {killed} killed, {one.deleted} entries deleted: equal numbers")


if __name__ == "__main__":
    main()
