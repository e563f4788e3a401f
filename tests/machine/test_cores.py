"""Cores of a machine, of a process, of a container."""

import os

import pytest

from ganzoo.machine import limits


@pytest.fixture
def quota(tmp_path, monkeypatch):
    """The file in which Linux states the quota of a container."""
    monkeypatch.setattr(limits, "QUOTA", tmp_path / "cpu.max")
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)), raising=False)
    return tmp_path / "cpu.max"


@pytest.mark.parametrize(("text", "count"), [("200000 100000", 2), ("150000 100000", 2), ("9900000 100000", 8)])
def test_the_quota_of_a_container_limits_the_cores_that_a_process_is_bound_to(quota, text, count):
    quota.write_text(text + "\n")
    assert limits.count_cores() == count


def test_without_a_quota_a_process_has_the_cores_that_it_is_bound_to(quota):
    assert (limits.count_cores(), limits.read_quota()) == (8, None)
    quota.write_text("max 100000\n")
    assert (limits.count_cores(), limits.read_quota()) == (8, None)


def test_the_command_line_starts_no_more_threads_than_a_quota_allows(quota, monkeypatch):
    from ganzoo import cli

    monkeypatch.setattr(cli, "cli", lambda: None)
    monkeypatch.setenv("GOMP_SPINCOUNT", "5000")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    quota.write_text("300000 100000\n")
    cli.main()
    assert os.environ["OMP_NUM_THREADS"] == "7"  # whoever says so knows better
    monkeypatch.delenv("OMP_NUM_THREADS")
    cli.main()
    assert os.environ["OMP_NUM_THREADS"] == "3"
    quota.unlink()
    monkeypatch.delenv("OMP_NUM_THREADS")
    cli.main()
    assert "OMP_NUM_THREADS" not in os.environ
