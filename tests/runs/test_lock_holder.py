"""The process that holds a run: the one that does, not the one that status.json still has from before."""

import os
import subprocess
import sys

import pytest
from filelock import FileLock

from ganzoo.errors import FolderError
from ganzoo.runs import lock_holder
from ganzoo.runs.folder import RunFolder


@pytest.fixture
def dead():
    """The pid of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def refusal(folder, pid):
    """What `claim` says while this process holds the lock and the status has this pid."""
    folder.write_status("running", 3, 8)
    folder.write_json(folder.status, folder.read_json(folder.status) | {"pid": pid})
    with FileLock(folder.path / "run.lock"), pytest.raises(FolderError) as caught, folder.claim():
        pass
    return caught.value.what


@pytest.mark.fault(
    "the owner of a run is killed, and another process holds its lock", "the other one is named, exit 10", "F87"
)
def test_a_process_that_has_ended_is_not_called_the_owner(tmp_path, dead):
    assert f"in use by pid {os.getpid()} on " in refusal(RunFolder(tmp_path), dead)
    assert refusal(RunFolder(tmp_path), os.getpid()).count("since 20") == 1


def test_where_the_kernel_does_not_tell_only_a_living_process_may_be_the_owner(tmp_path, monkeypatch, dead):
    monkeypatch.setattr(lock_holder, "_LOCKS", tmp_path / "none")
    assert refusal(RunFolder(tmp_path), dead) == "the run is in use by another process"
    assert f"another process, perhaps pid {os.getpid()} on" in refusal(RunFolder(tmp_path), os.getpid())
