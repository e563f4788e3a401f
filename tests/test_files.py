"""Files are whole or not there."""

import errno
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ganzoo.files import open_regular, read_records, read_regular, read_text, write_atomically, write_output
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


@pytest.fixture
def pipe(tmp_path):
    """A named pipe that this process reads; yields its path and the end to read from."""
    os.mkfifo(tmp_path / "pipe")
    end = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    yield tmp_path / "pipe", end
    os.close(end)


@pytest.mark.fault("a pipe or a device is named by -o, as /dev/stdout is", "the output goes into it, and it stays")
def test_output_goes_into_a_pipe_and_does_not_replace_it(pipe):
    path, end = pipe
    write_output(path, b"table")
    assert os.read(end, 100) == b"table"
    assert stat.S_ISFIFO(path.stat().st_mode)
    with pytest.raises(OSError, match="No space left on device"):
        write_output(Path("/dev/full"), b"table")


@pytest.mark.fault("a pipe lies where a run writes a file", "the write is refused, and the pipe stays")
def test_file_never_replaces_a_pipe(pipe):
    with pytest.raises(OSError, match="it is a pipe, not a file"):
        write_atomically(pipe[0], b"table")
    assert stat.S_ISFIFO(pipe[0].stat().st_mode)


@pytest.mark.fault("-o is a link to a file", "the file behind the link is replaced, and the link stays")
def test_output_goes_behind_a_link(tmp_path):
    (tmp_path / "link").symlink_to("table.md")
    for text in (b"first", b"second"):
        write_output(tmp_path / "link", text)
        assert (tmp_path / "table.md").read_bytes() == text
    assert (tmp_path / "link").is_symlink()


APPENDER = """
import sys
from pathlib import Path
from ganzoo.files import append
for number in range(200):
    append(Path(sys.argv[1]), {"writer": sys.argv[2], "number": number, "text": "x" * (number * 97 % 20_000)})
"""


@pytest.mark.fault("eight processes append to one file of results", "every line is whole, and none is lost", "F89")
def test_lines_of_eight_processes_are_whole(tmp_path):
    path = tmp_path / "cells.jsonl"
    writers = [subprocess.Popen([sys.executable, "-c", APPENDER, path, str(writer)]) for writer in range(8)]
    assert [writer.wait(timeout=60) for writer in writers] == [0] * 8
    assert len(path.read_bytes().splitlines()) == 8 * 200
    records = [json.loads(line) for line in path.read_bytes().splitlines()]
    for writer in range(8):
        assert [record["number"] for record in records if record["writer"] == str(writer)] == list(range(200))
    assert read_records(path) == records
