"""Checkpoints of made-up states, ways to damage them, and a writer that is killed again and again."""

import hashlib
import json
import os
import signal
import time

import torch

from ganzoo.runs.checkpoint import available_steps, load, save, sweep

torch.set_num_threads(1)


def state_of(step, size=1_000):
    """A state that is consistent only if every part of it comes from the same step."""
    return {"step": step, "G": {"weight": torch.full((size,), float(step))}, "history": list(range(step % 7))}


def assert_is_state_of(step, state):
    assert state["step"] == step
    assert (state["G"]["weight"] == step).all()
    assert state["history"] == list(range(step % 7))


def save_steps(folder, *steps, **options):
    for step in steps:
        save(folder, step, state_of(step), **options)


def state_file(folder, step):
    return folder / f"step-{step:08d}.pt"


def sidecar_file(folder, step):
    return folder / f"step-{step:08d}.json"


def plant(folder, step, data, *, schema=1):
    """Put these bytes where a checkpoint would be, with a sidecar that vouches for them."""
    folder.mkdir(exist_ok=True)
    state_file(folder, step).write_bytes(data)
    record = {"schema": schema, "step": step, "file": state_file(folder, step).name, "bytes": len(data)}
    record["sha256"] = hashlib.sha256(data).hexdigest()
    sidecar_file(folder, step).write_text(json.dumps(record))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def flip_bit(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def save_for_ever(folder, step, number):
    """Save this step again, but never with the same size, and then those that follow."""
    while True:
        save(folder, step, state_of(step, size=50_000 + number), keep_last=1 + number % 3)
        step += 1


def kill_a_child_that_saves(folder, step, number):
    child = os.fork()
    if child == 0:
        save_for_ever(folder, step, number)
    time.sleep(0.005 + 0.04 * (number * 0.618 % 1))  # spread evenly
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def survive_kills(folder, rounds):
    """Return how many saves were cut short and how many completed. Forks, so wants no threads beside it."""
    save_steps(folder, 1)
    step, cut_short = 1, 0
    for number in range(rounds):
        kill_a_child_that_saves(folder, step, number)
        loaded = load(folder)
        assert loaded.warnings == ()
        assert loaded.step >= step
        step = loaded.step
        for whole in available_steps(folder):
            assert_is_state_of(whole, load(folder, whole).state)
        cut_short += sweep(folder)
    assert not list(folder.glob("*.corrupt"))
    return cut_short, step
