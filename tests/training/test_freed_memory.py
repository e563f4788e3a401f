"""Freed memory, which a training soon needs again."""

import os
import sys

import numpy as np
import pytest

from ganzoo.training.freed_memory import keep_freed_memory


@pytest.fixture(autouse=True)
def _no_options_of_the_user(monkeypatch):
    for name in [name for name in os.environ if name.startswith(("MALLOC_", "GLIBC_TUNABLES"))]:
        monkeypatch.delenv(name)


def count_faults_of_an_array():
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.full(2**23, 1.0)  # 64 MiB, 16,384 pages of 4 KiB: more than glibc keeps by default
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def test_memory_that_a_process_freed_serves_it_again_without_the_system():
    if not keep_freed_memory():
        pytest.skip("not glibc")
    count_faults_of_an_array()
    assert count_faults_of_an_array() < 1000  # no page of the array is new; the rest is for other threads


def test_options_of_the_user_come_first(monkeypatch):
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "1000000")
    assert not keep_freed_memory()


def test_another_system_keeps_its_own_way(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    assert not keep_freed_memory()
