"""Cores and memory that this process may use, within the limits of a container."""

from __future__ import annotations

import math
import os
import sys
from contextlib import suppress
from pathlib import Path

from ganzoo.errors import ResourceError

QUOTA = Path("/sys/fs/cgroup/cpu.max")
"""Processor time per period, and the period, in microseconds; "max" for no quota. cgroup v2 of Linux."""
MEMORY_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Bytes that a container may use; "max" for no limit. cgroup v2 and v1 of Linux."""


def count_cores() -> int:
    """Return the cores that this process is bound to, within the quota of its container; at least 1."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(bound, read_quota() or bound)


def limit_threads() -> None:
    """Set the environment variables of OpenMP that suit this machine, unless they are set. Call it before torch loads.

    Its threads spin before they sleep, and starve each other if cores are shared. On two cores beside one busy process
    192 and 193 images/s with the limit, 134 and 101 without; alone 455 and 424 with, 420 and 438 without (ganzoo run
    --model dcgan --loss wgan --lipschitz gp --steps 20, twice).
    """
    os.environ.setdefault("GOMP_SPINCOUNT", "5000")
    if read_quota() is not None:  # torch starts a thread per core of the machine, and they would wait for each other
        os.environ.setdefault("OMP_NUM_THREADS", str(count_cores()))


def read_quota() -> int | None:
    """Return the cores that a container may use, rounded up; None where there is no limit."""
    with suppress(OSError, ValueError):  # no such group; "max"
        time, period = map(int, QUOTA.read_text().split())
        return math.ceil(time / period)
    return None


def require_memory(count: int, *, channels: int, size: int) -> None:
    """Raise ResourceError if `count` uint8 images (channels, size, size) fill over half of the available memory.

    Ask before the images are read: Linux kills a process that fills the memory, without an error.
    """
    needed, allowed = count * channels * size**2, available_bytes() // 2
    if needed <= allowed:
        return
    fitting = int((allowed / (count * channels)) ** 0.5) // 8 * 8
    raise ResourceError(
        f"{count:,} images of {size}x{size} need {needed / 2**30:.1f} GiB of memory",
        where=f"half of what is free: {allowed / 2**30:.1f} GiB",
        hint=f"--image-size {fitting}" if fitting >= 8 else "fewer images",
    )


def available_bytes() -> int:
    """Return the memory that can still be used, within the limit of a container; sys.maxsize if it is unknown."""
    limits = [_read_number(path) for path in MEMORY_LIMITS]
    return min([_free_bytes(), *(limit for limit in limits if limit is not None)])


def _free_bytes() -> int:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        return _total_bytes()


def _total_bytes() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows; an unknown name; an indeterminate value
        return sys.maxsize


def _read_number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):  # no such group; "max"
        return None
