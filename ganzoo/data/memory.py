"""Will a dataset fit? Asked before it is read, since Linux kills what asks too late."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ganzoo.errors import ResourceError

LIMITS = ("memory.max", "memory/memory.limit_in_bytes")  # of a container, cgroup v2 and v1


def require_memory(count: int, *, channels: int, size: int) -> None:
    """Raise ResourceError if `count` uint8 images (channels, size, size) fill over half of free memory."""
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
    """Memory that can still be used, within the limit of a container; without bound where nobody knows."""
    limits = [_first_number(Path("/sys/fs/cgroup") / name) for name in LIMITS]
    return min(known for known in [_free_bytes(), *limits] if known is not None)


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


def _first_number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):  # no such group; "max"
        return None
