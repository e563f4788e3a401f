"""Disks that take no more."""

import resource
from contextlib import contextmanager


@contextmanager
def largest_file(size):
    """The kernel refuses to let a file grow beyond this, as a full disk would; it works without root."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
