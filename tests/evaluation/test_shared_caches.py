"""Processes that share a cache of images and one of references, while entries vanish and processes die."""

import pytest

from support.lives import chosen, random_seed, run_program

HOUR = 3600


@pytest.mark.soak
@pytest.mark.timeout(10 * HOUR)
@pytest.mark.fault(
    "four processes write and read one cache of images and one of references; entries vanish, and processes are killed",
    "all have equal numbers, and none ever reads a part of a file",
)
def test_processes_on_one_cache_have_equal_numbers(tmp_path):
    rounds = chosen("GANZOO_SOAK_ROUNDS", 40)
    print(run_program("support.shared_caches", tmp_path, rounds, random_seed(), timeout=10 * HOUR))


@pytest.mark.full
@pytest.mark.fault("four processes begin on empty caches at once", "all have equal numbers")
def test_four_processes_that_begin_on_empty_caches_have_equal_numbers(tmp_path):
    assert "equal numbers" in run_program("support.shared_caches", tmp_path, 1, random_seed(), timeout=280)
