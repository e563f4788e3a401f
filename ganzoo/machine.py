"""How many processor cores this process may use: those it is bound to, within the quota of a container."""

from __future__ import annotations

import math
import os
from contextlib import suppress
from pathlib import Path

QUOTA = Path("/sys/fs/cgroup/cpu.max")
"""Processor time per period, and the period, in microseconds; "max" for no quota. cgroup v2 of Linux."""


def count_cores() -> int:
    """Return at least 1."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(bound, read_quota() or bound)


def read_quota() -> int | None:
    """Return the cores that a container may use, rounded up; None where there is no limit."""
    with suppress(OSError, ValueError):  # no such group; "max"
        time, period = map(int, QUOTA.read_text().split())
        return math.ceil(time / period)
    return None
