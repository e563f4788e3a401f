"""Measure how long `ganzoo` takes to answer and to train its first step: python docs/benchmarks/startup.py [REPEATS]

With the word `runs` after it, only the first steps are timed. The processes run one after the other. If other programs
use the machine, the minimum is the most reliable number. CPU seconds are summed over all threads, and other programs
hardly change them.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence

ANSWERS = {
    "help": ["--help"],
    "help of run": ["run", "--help"],
    "list": ["list"],
    "show loss bce": ["show", "loss", "bce"],
    "config show": ["config", "show"],
    "plugins": ["plugins"],
    "explain fid": ["explain", "fid"],
    "run --out EXISTING": ["run", "--out", "."],
    "unknown option": ["run", "--modle", "mlp"],
    "unknown command": ["rnu"],
    "unknown recipe": ["run", "sngna"],
    "unknown component": ["run", "--loss", "wgna"],
    "unknown component of a grid": ["compare", "--loss", "bce,wgna"],
    "unknown setting": ["run", "--set", "optim.beta3=0"],
    "bad value": ["run", "--steps", "0"],
    "bad value of a component (after torch)": ["run", "--set", "model.width=x"],
}
RUNS = {
    "ganzoo run": ["run", "--dataset", "digits"],
    "ganzoo run --loss wgan --lipschitz gp": ["run", "--dataset", "digits", "--loss", "wgan", "--lipschitz", "gp"],
}
FIRST_STEP = """
import json, os, sys, time
os.environ.setdefault("GOMP_SPINCOUNT", "5000")  # as `ganzoo` does, before torch reads it
seconds, cpu, out = [time.perf_counter()], [time.process_time()], os.dup(1)  # a run sends what prints to stderr
def lap():
    seconds.append(time.perf_counter())
    cpu.append(time.process_time())
import torch
lap()
from ganzoo.cli import main, progress
def stop(display, step):
    torch.cuda.is_available() and torch.cuda.synchronize()
    lap()
    laps = [[b - a for a, b in zip(laps, laps[1:])] for laps in (seconds, cpu)]
    os.write(out, json.dumps([*laps, [time.time(), time.process_time()]]).encode())
    os._exit(0)
progress.Display.step = stop
main()
"""


def main() -> None:
    """Measure and print the times."""
    repeats, runs_alone = int(sys.argv[1]) if len(sys.argv) > 1 else 7, sys.argv[2:] == ["runs"]
    print(f"{'':48}seconds: min  median    CPU: min  median")
    for name, args in () if runs_alone else ANSWERS.items():
        show(name, [time_answer(args) for _ in range(repeats)])
    imports = []
    for name, args in RUNS.items():
        laps = [time_first_step(args) for _ in range(repeats)]
        imports += [imported for imported, _, _ in laps]
        show(f"first step: {name}", [trained for _, trained, _ in laps])
        show("the same, from the start of the process", [whole for _, _, whole in laps])
    show("import torch, before the first step", imports)


def time_answer(args: Sequence[str]) -> tuple[float, float]:
    """Return the wall and CPU seconds of a command, including the start of its process."""
    with tempfile.TemporaryDirectory() as folder:
        start, before = time.perf_counter(), children_cpu()
        subprocess.run([sys.executable, "-m", "ganzoo", *args], cwd=folder, capture_output=True, check=False)  # noqa: S603
        return time.perf_counter() - start, children_cpu() - before


def time_first_step(args: Sequence[str]) -> list[tuple[float, float]]:
    """Return wall and CPU seconds of `import torch`, from there to the end of the first step of a run, and of all."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", FIRST_STEP, *args, "--out", f"{folder}/run"]
        begun = time.time()
        shown = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)  # noqa: S603
    wall, cpu, (ended, whole_cpu) = json.loads(shown.stdout)
    return list(zip([*wall, ended - begun], [*cpu, whole_cpu], strict=True))


def children_cpu() -> float:
    """Return the CPU seconds of all child processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def show(name: str, times: Sequence[tuple[float, float]]) -> None:
    """Print minimum and median of wall and CPU seconds."""
    wall, cpu = zip(*times, strict=True)
    cells = [min(wall), statistics.median(wall), min(cpu), statistics.median(cpu)]
    print(f"{name:52}{cells[0]:8.2f}{cells[1]:8.2f}{cells[2]:12.2f}{cells[3]:8.2f}", flush=True)


if __name__ == "__main__":
    main()
