"""Timers that wait for the device."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch


def measure_product(dtype: torch.dtype, device: torch.device, size: int, repeats: int = 5) -> float:
    """Return the FLOP/s of the fastest of some products of square matrices: a ceiling for networks."""
    a, b = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    seconds = [seconds_of(lambda: torch.mm(a, b), device) for _ in range(repeats + 1)]
    return 2 * size**3 / min(seconds[1:])  # the first one chooses a kernel


def seconds_of(work: Callable[[], object], device: torch.device, count: int = 1) -> float:
    """Return the seconds that `count` calls of `work` take, until the device is done."""
    wait_for(device)
    start = time.perf_counter()
    for _ in range(count):
        work()
    wait_for(device)
    return time.perf_counter() - start


def wait_for(device: torch.device) -> None:
    """Wait until the device has finished its work; a CPU always has."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
