"""Random states: seeding a run, and carrying its random streams across a checkpoint."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np
import torch


def seed_everything(seed: int) -> None:
    """Seed torch on all devices, NumPy's and Python's global generators; plugins may use any of them."""
    torch.manual_seed(seed)
    np.random.seed(seed % 2**32)
    random.seed(seed)


def read_generator(device: torch.device) -> torch.Tensor:
    """Return the state of a device's generator, as bytes on the CPU; waits for no device."""
    return torch.cuda.get_rng_state(device) if device.type == "cuda" else torch.get_rng_state()


def set_generator(device: torch.device, state: torch.Tensor) -> None:
    """Restore what `read_generator` gave."""
    if device.type == "cuda":
        torch.cuda.set_rng_state(state, device)
    else:
        torch.set_rng_state(state)


def forked(device: torch.device) -> AbstractContextManager[None]:
    """Draw what is not the run's: after it torch's generators of the CPU and of this device are as before.

    Without a list torch would fork those of all GPUs, which other ranks use.
    """
    return torch.random.fork_rng([device] if device.type == "cuda" else [])


@contextmanager
def reseeded(seed: int, device: torch.device) -> Iterator[None]:
    """Draw from `seed` meanwhile, on the CPU and on this device; after it their generators are as before."""
    of_python, of_numpy = random.getstate(), np.random.get_state()
    try:
        with forked(device):
            seed_everything(seed)
            yield
    finally:
        random.setstate(of_python)
        np.random.set_state(of_numpy)


def capture() -> dict[str, Any]:
    """Return every global random state, as tensors and plain numbers that load safely."""
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
    """Restore what `capture` gave, on the CUDA devices that are present."""
    torch.set_rng_state(state["torch"])
    for device in range(min(len(state["cuda"]), torch.cuda.device_count())):
        torch.cuda.set_rng_state(state["cuda"][device], device)
    version, numbers, gauss = state["python"]
    random.setstate((version, tuple(numbers), gauss))
    name, keys, position, has_gauss, cached = state["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), position, has_gauss, cached))
