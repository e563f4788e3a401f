"""Disks that are full or fail half way cost no checkpoint."""

import errno
import os
import shutil
import subprocess

import pytest

from ganzoo.errors import ResourceError
from ganzoo.runs.checkpoint import load, save, sweep
from support.checkpoints import assert_is_state_of, names, save_steps, state_of
from support.disks import largest_file


@pytest.mark.fault(
    "the disk is full half way through a checkpoint", "exit 9 with the step that is kept, and no partial file", "F14"
)
@pytest.mark.parametrize("limit", [0, 100, 20_000])
def test_write_that_fails_half_way_keeps_the_previous_checkpoint(tmp_path, limit):
    save_steps(tmp_path, 40)
    before = names(tmp_path)
    text = r"no space left: checkpoint of step 50 not saved; previous kept \(step 40\)"
    with largest_file(limit), pytest.raises(ResourceError, match=text) as caught:
        save(tmp_path, 50, state_of(50, size=100_000))
    assert caught.value.exit_code == 9
    assert names(tmp_path) == before
    assert load(tmp_path)[::2] == (40, ())


@pytest.fixture
def tiny_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs the right to mount a file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.fault("a file system of 1 MiB is full at a save", "exit 9 with the step that is kept", "F14")
@pytest.mark.parametrize("warned", [True, False], ids=["seen-before", "while-writing"])
def test_full_disk_keeps_the_previous_checkpoint(tiny_disk, monkeypatch, warned):
    if not warned:
        monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(0, 0, 0))
    save(tiny_disk, 40, state_of(40, size=100_000))
    text = r"no space left: checkpoint of step 50 not saved; previous kept \(step 40\)"
    with pytest.raises(ResourceError, match=text):
        save(tiny_disk, 50, state_of(50, size=200_000))
    assert names(tiny_disk) == ["latest.json", "step-00000040.json", "step-00000040.pt"]
    assert load(tiny_disk).step == 40


def test_too_little_free_space_is_seen_before_writing(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(10**9, 10**9, 1_000))
    with pytest.raises(ResourceError, match=r"no space left: .* there is no previous one"):
        save(tmp_path, 10, state_of(10))
    assert names(tmp_path) == []


def fail_at_rename(monkeypatch, number):
    """Let the disk be full when the file of this number is to get its name."""
    renamed = []

    def fail(source, target, replace=os.replace):
        renamed.append(target)
        if len(renamed) == number:
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail)


@pytest.mark.fault(
    "the disk is full when a file of a checkpoint is to get its name",
    "the step is withdrawn, and the one before is the newest",
)
@pytest.mark.parametrize("number", [1, 2, 3], ids=["state", "sidecar", "latest"])
def test_step_that_could_not_be_saved_whole_is_withdrawn(tmp_path, monkeypatch, number):
    save_steps(tmp_path, 40)
    before = names(tmp_path)
    fail_at_rename(monkeypatch, number)
    with pytest.raises(ResourceError, match=r"previous kept \(step 40\)"):
        save_steps(tmp_path, 50)
    assert names(tmp_path) == before
    assert load(tmp_path).step == 40


@pytest.mark.fault("the disk is full when a step is saved a second time", "the step of the first save is still there")
@pytest.mark.parametrize("number", [1, 2, 3, 4], ids=["both", "state", "sidecar", "latest"])
def test_step_that_could_not_be_saved_again_is_still_there(tmp_path, monkeypatch, number):
    save_steps(tmp_path, 40)
    fail_at_rename(monkeypatch, number)
    with pytest.raises(ResourceError, match=r"previous kept \(step 40\)"):
        save(tmp_path, 40, state_of(40, size=500))
    assert_is_state_of(40, load(tmp_path).state)


@pytest.mark.fault("the folder of checkpoints cannot be written", "exit 9 with folder and reason")
def test_folder_that_cannot_be_written_is_named_with_the_reason(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ResourceError, match=r"cannot write \(Not a directory\): checkpoint of step 1 not saved"):
        save_steps(tmp_path / "file" / "checkpoints", 1)


@pytest.mark.fault("a write comes out short without an error", "the file never gets its name")
def test_file_that_comes_out_short_never_gets_its_name(tmp_path, monkeypatch):
    save_steps(tmp_path, 40)
    before = names(tmp_path)
    monkeypatch.setattr(os, "fsync", lambda file: os.ftruncate(file, 100))
    with pytest.raises(ResourceError, match=r"cannot write .*shorter or longer"):
        save_steps(tmp_path, 50)
    assert names(tmp_path) == before


@pytest.mark.fault(
    "temporary files of killed writers lie in the folder", "they are removed, never loaded, and nothing else is", "F16"
)
def test_sweep_removes_what_killed_writers_left_and_nothing_else(tmp_path):
    save_steps(tmp_path, 60)
    before = names(tmp_path)
    for leftover in (".step-00000070.pt.tmp-99999-ab", ".latest.json.tmp-1-0f"):
        (tmp_path / leftover).touch()
    assert load(tmp_path)[::2] == (60, ())
    assert sweep(tmp_path) == 2
    assert sweep(tmp_path) == 0
    assert names(tmp_path) == before


@pytest.mark.fault("the user's quota is used up at a save", "exit 9, no space left, with the step that is kept")
def test_quota_that_is_used_up_is_no_space_left(tmp_path, monkeypatch):
    save_steps(tmp_path, 40)

    def refuse(*arguments):
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(ResourceError, match=r"no space left: .* previous kept \(step 40\)"):
        save_steps(tmp_path, 50)
    monkeypatch.undo()
    assert load(tmp_path)[::2] == (40, ())


@pytest.mark.fault(
    "a run is copied at any moment of a save", "the copy has a whole checkpoint, the one before at worst"
)
@pytest.mark.parametrize("again", [False, True], ids=["a new step", "a step again"])
def test_copy_made_during_a_save_is_whole(tmp_path, monkeypatch, again):
    here = tmp_path / "here"
    save_steps(here, 40, 50)
    copies = []

    def copy_then(source, target, replace=os.replace):
        for moment in ("before", "after"):
            if moment == "after":
                replace(source, target)
            copies.append(shutil.copytree(here, tmp_path / f"copy {len(copies)}"))

    monkeypatch.setattr(os, "replace", copy_then)
    save(here, 50 if again else 60, state_of(50 if again else 60, size=2_000))
    monkeypatch.undo()
    assert len(copies) >= 6
    for copy in copies:
        loaded = load(copy)
        assert loaded.step in (50, 60) and loaded.warnings == ()
        assert_is_state_of(loaded.step, loaded.state)
