"""Freed memory, which a training soon needs again."""

from __future__ import annotations

import ctypes
import os
import sys

KEPT_BYTES = 2**29
"""Largest amount of freed memory that a process keeps, and of a block that it keeps."""
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # options of glibc's mallopt


def keep_freed_memory() -> bool:
    """Let this process keep what it frees, up to KEPT_BYTES; return whether it does, since only glibc can be told.

    By default glibc gives large blocks back to the system. A step then frees the memory of its tensors, and the next
    one waits for the system to fill the same pages with zeros. Variables of the user, such as MALLOC_TRIM_THRESHOLD_,
    come first.
    """
    if sys.platform != "linux" or any(name.startswith(("MALLOC_", "GLIBC_TUNABLES")) for name in os.environ):
        return False
    library = ctypes.CDLL(None)
    if not hasattr(library, "gnu_get_libc_version"):
        return False
    return all(library.mallopt(option, KEPT_BYTES) for option in (_TRIM_THRESHOLD, _MMAP_THRESHOLD))
