"""Files are whole or not there."""

import errno
import os

import pytest

from ganzoo.files import write_atomically
from support.checkpoints import names
from support.disks import largest_file


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
