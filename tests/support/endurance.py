"""The memory of one run over many steps: python -m support.endurance FOLDER STEPS"""

import os
import sys
import time
from pathlib import Path

import numpy as np

from ganzoo.files import read_last_record
from support.lives import begin, import_all
from support.runs import TINY

CADENCES = [
    "--set=train.save_every=500",
    "--set=train.log_every=20",
    "--eval-every=2000",
    "--set=train.sample_every=1000",
]
PARTS = ["--loss=hinge", "--lipschitz=sn"]
PAGE = os.sysconf("SC_PAGE_SIZE")


def resident(pid):
    """Bytes of memory that a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


def watch(pid, log):
    """Return (step, bytes) of a run until it ends, which must be well."""
    points = []
    while not (ended := os.waitpid(pid, os.WNOHANG))[0]:
        step = read_last_record(log).get("step", 0)
        if step and (not points or step > points[-1][0]):
            points.append((step, resident(pid)))
        time.sleep(0.05)
    return points, os.waitstatus_to_exitcode(ended[1])


def slope(points):
    """Bytes per step, by least squares over the last three quarters: the first quarter warms up."""
    steps, sizes = np.array(points[len(points) // 4 :], dtype=float).T
    return float(np.polyfit(steps, sizes, 1)[0])


def main():
    place, steps = Path(sys.argv[1]), int(sys.argv[2])
    place.mkdir(parents=True, exist_ok=True)
    os.environ["GANZOO_CACHE"] = str(place / "cache")
    import_all()
    run, output = place / "run", place / "output.txt"
    words = ["run", *TINY, *CADENCES, *PARTS, "--steps", steps, "--out", run]
    points, code = watch(begin(words, output), run / "log.jsonl")
    assert code == 0, output.read_text()
    sizes = [size for _, size in points]
    quarter = sizes[len(sizes) // 4 :]
    print(f"{steps} steps, {len(points)} measurements: {slope(points):.1f} bytes/step,")
    print(f"{min(quarter) / 2**20:.1f} to {max(quarter) / 2**20:.1f} MiB after the first quarter")


if __name__ == "__main__":
    main()
