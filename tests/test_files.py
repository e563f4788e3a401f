"""Files are whole or not there."""

import errno
import os
from pathlib import Path

import pytest

from ganzoo.files import open_regular, read_regular, read_text, write_atomically
from support.checkpoints import names
from support.disks import largest_file


@pytest.mark.fault("a power cut right after a file got its name", "its bytes were flushed before")
def test_file_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    calls = []
    for name in ("fsync", "replace"):
        original = getattr(os, name)

        def record(*arguments, name=name, original=original):
            calls.append(name)
            return original(*arguments)

        monkeypatch.setattr(os, name, record)
    write_atomically(tmp_path / "status.json", b"{}")
    assert calls == ["fsync", "replace", "fsync"]  # the last one is the directory's
    assert (tmp_path / "status.json").read_bytes() == b"{}"


@pytest.mark.fault("a write fails half way", "the old file is whole, and no other is left")
def test_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "status.json"
    write_atomically(path, b"old")
    with largest_file(2), pytest.raises(OSError, match="File too large"):
        write_atomically(path, b"new")
    assert names(tmp_path) == ["status.json"]
    assert path.read_bytes() == b"old"


def test_directory_that_cannot_be_synced_is_no_failure(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "open", lambda *arguments: (_ for _ in ()).throw(PermissionError(errno.EACCES, "no")))
    write_atomically(tmp_path / "status.json", b"{}")
    assert (tmp_path / "status.json").read_bytes() == b"{}"


@pytest.mark.fault("a pipe, a device or a folder lies where a file is read", "it is refused by name, without waiting")
def test_pipes_devices_and_folders_are_no_files(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    wrong = {tmp_path / "pipe": "a pipe", Path("/dev/zero"): "a device", tmp_path: "a folder"}
    for path, kind in wrong.items():
        with pytest.raises(OSError, match=f"it is {kind}, not a file"), open_regular(path):
            pass


@pytest.mark.fault("a file is larger than its kind may be", "it is refused unread")
def test_file_of_the_largest_size_is_read_and_a_larger_one_is_not(tmp_path):
    path = tmp_path / "seven.txt"
    path.write_bytes(b"1234567")
    assert read_regular(path, 7) == b"1234567"
    assert read_text(path, 7) == "1234567"
    with pytest.raises(OSError, match="it has 7 bytes, more than 6"):
        read_regular(path, 6)


def test_file_whose_size_is_unknown_is_read_up_to_the_largest_size():
    assert read_regular(Path("/proc/self/comm"), 1000)
    with pytest.raises(OSError, match="it has more than 2 bytes"):
        read_regular(Path("/proc/self/comm"), 2)
