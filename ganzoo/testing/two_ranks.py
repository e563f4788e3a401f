"""Check that two ranks, processes that train one GAN together, end with equal weights."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from ganzoo.files import read_records
from ganzoo.testing.expectations import Unchecked, expect
from ganzoo.testing.networks import fingerprint
from ganzoo.testing.subjects import Options, Subject, find_subjects, is_file, load
from ganzoo.testing.training_checks import TRAINABLE, combinations, prepare
from ganzoo.training.loop import advance
from ganzoo.training.ranks import Ranks

STEPS = 2
TIMEOUT = timedelta(seconds=60)
"""Longest time that one rank waits for the other within a step."""
PROGRAM = (sys.executable, "-c", "from ganzoo.testing.two_ranks import main; main()")


def two_processes_agree(target: str, subjects: Sequence[Subject], options: Options) -> None:
    """Train each component on two ranks, which average gradients: both must end with equal weights."""
    labels = [subject.label for subject in subjects if subject.kind in TRAINABLE]
    faults: dict[str, str] = {}
    while labels:
        done = _run({"target": _absolute(target), "options": options, "override": subjects[0].zoo.override}, labels)
        faults |= {label: fault for label, fault in done.items() if fault}
        labels = [label for label in labels if label not in done]
    came = "; ".join(f"{label}: {fault}" for label, fault in faults.items())
    hint = "torch's global generator for draws, float buffers for statistics, nothing kept outside of modules"
    expect(not faults, "two processes to train each component and end with equal weights", came=came, hint=hint)


def _run(task: Mapping[str, Any], labels: Sequence[str]) -> dict[str, str]:
    """Train the components up to the first one with a fault; return the fault of each, "" if it has none."""
    with TemporaryDirectory() as folder:
        processes = [_start({**task, "labels": labels, "folder": folder, "rank": rank}) for rank in (0, 1)]
        try:
            errors = [_finish(process, 120 + 60 * len(labels)) for process in processes]
        finally:
            for process in processes:
                process.kill()
        results = [
            {record["label"]: record for record in read_records(Path(folder, f"{rank}.jsonl"))} for rank in (0, 1)
        ]
    done = {
        label: _compare(*(result[label] for result in results)) for label in labels if all(label in r for r in results)
    }
    faulty = next((record["fault"] for result in results for record in result.values() if record["fault"]), "")
    missing = next((label for label in labels if label not in done), None)
    return done | ({missing: faulty or errors[0] or errors[1] or "the processes ended"} if missing else {})


def _absolute(target: str) -> str:
    return str(Path(target).absolute()) if is_file(target) else target


def _start(task: dict[str, Any]) -> subprocess.Popen[str]:
    path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)  # with what was added to it here
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    options: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([*PROGRAM, json.dumps(task)], env=environment, **options)  # noqa: S603  # ours


def _finish(process: subprocess.Popen[str], seconds: float) -> str:
    """Wait for a process to end; return the last line of its stderr if it failed, else ""."""
    try:
        _, stderr = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        what = f"two processes were still at work after {seconds:.0f} s: a busy machine, or one waits forever"
        raise Unchecked(what) from None
    return (stderr.strip().splitlines() or ["it wrote no error"])[-1][:300] if process.returncode else ""


def _compare(one: dict[str, str], other: dict[str, str]) -> str:
    """Return the fault of one component; empty if both ranks ended with the same weights."""
    if fault := one["fault"] or other["fault"]:
        return fault
    return "" if one["sha256"] == other["sha256"] else "the weights of the two processes differ"


def main() -> None:
    """Run one of the two ranks: train the components of the task up to the first fault, a line of JSON for each."""
    task = json.loads(sys.argv[1])
    torch.set_num_threads(1)
    subjects = {
        each.label: each
        for each in find_subjects(load(task["target"], task["override"]), task["target"], task["options"])
    }
    rank, folder = task["rank"], Path(task["folder"])
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{folder / 'store'}", rank=rank, world_size=2, timeout=TIMEOUT
    )
    for label in task["labels"]:
        record = {"label": label, **_try(subjects[label], Ranks(rank, 2, rank))}
        with (folder / f"{rank}.jsonl").open("a") as file:
            file.write(json.dumps(record) + "\n")
        if record["fault"]:
            os._exit(1)  # the other rank fails at once, and need not wait
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


def _try(subject: Subject, ranks: Ranks) -> dict[str, str]:
    """Train one component in each of its combinations; return the sha256 of its end states, or its fault."""
    try:
        states = [_train(subject, tables, ranks) for tables in combinations(subject)]
    except Unchecked:  # on both ranks alike
        return {"sha256": "", "fault": ""}
    except Exception as error:  # whatever a component raises is its fault, and ends both ranks
        return {"sha256": "", "fault": f"{type(error).__name__}: {error}"}
    return {"sha256": fingerprint(states), "fault": ""}


def _train(subject: Subject, tables: dict[str, dict[str, Any]], ranks: Ranks) -> dict[str, Any]:
    training = prepare(subject, tables, steps=STEPS, ranks=ranks)
    training.align()
    for _ in range(STEPS):
        advance(training)
    return training.gan.state_dict()
