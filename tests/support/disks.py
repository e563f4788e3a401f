"""Disks that take no more."""

import resource
import subprocess
from contextlib import contextmanager

import pytest


@contextmanager
def largest_file(size):
    """The kernel refuses to let a file grow beyond this, as a full disk would; it works without root."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def read_only(folder):
    """The folder is mounted read-only, also for root; a test is skipped where that is not allowed."""
    mounted = subprocess.run(["mount", "--bind", folder, folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("no permission to mount")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        yield
    finally:
        subprocess.run(["umount", folder], check=True)
