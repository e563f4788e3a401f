"""Random states: seed a run, fork its generators, and carry them across a checkpoint."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np
import torch


def seed_everything(seed: int) -> None:
    """Seed the global generators of torch on all devices, NumPy and Python; plugins may use any of them."""
    torch.manual_seed(seed)
    np.random.seed(seed % 2**32)
    random.seed(seed)


def derive_seed(seed: int, rollbacks: int) -> int:
    """Return the seed of data and noise after some rollbacks: another one for each number; `seed` itself for none."""
    if not rollbacks:
        return seed
    return int(np.random.SeedSequence([seed, 0, 2, rollbacks]).generate_state(1, np.uint64)[0] >> np.uint64(1))


def read_generator(device: torch.device) -> torch.Tensor:
    """Return the state of a device's generator as bytes on the CPU, without waiting for the device."""
    return torch.cuda.get_rng_state(device) if device.type == "cuda" else torch.get_rng_state()


def set_generator(device: torch.device, state: torch.Tensor) -> None:
    """Restore a state that `read_generator` returned."""
    if device.type == "cuda":
        torch.cuda.set_rng_state(state, device)
    else:
        torch.set_rng_state(state)


def forked(device: torch.device) -> AbstractContextManager[None]:
    """Return a context that restores torch's generators of the CPU and of this device at its end.

    Without a list of devices torch would fork the generators of all GPUs, which other ranks use.
    """
    return torch.random.fork_rng([device] if device.type == "cuda" else [])


@contextmanager
def reseeded(seed: int, device: torch.device) -> Iterator[None]:
    """Seed all generators within the body, and restore those of the CPU and of this device after it."""
    python_state, numpy_state = random.getstate(), np.random.get_state()
    try:
        with forked(device):
            seed_everything(seed)
            yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)


def capture() -> dict[str, Any]:
    """Return every global random state as tensors and plain numbers, which load without code."""
    version, numbers, gauss = random.getstate()
    state: Any = np.random.get_state(legacy=True)
    name, keys, position, has_gauss, cached = state
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "python": [version, list(numbers), gauss],
        "numpy": [
            name,
            torch.from_numpy(keys.astype(np.int64)),
            int(position),
            int(has_gauss),
            float(cached),
        ],
    }


def restore(state: dict[str, Any]) -> None:
    """Restore random states that `capture` returned, on the CUDA devices that are present."""
    torch.set_rng_state(state["torch"])
    for device in range(min(len(state["cuda"]), torch.cuda.device_count())):
        torch.cuda.set_rng_state(state["cuda"][device], device)
    version, numbers, gauss = state["python"]
    random.setstate((version, tuple(numbers), gauss))
    name, keys, position, has_gauss, cached = state["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), position, has_gauss, cached))
