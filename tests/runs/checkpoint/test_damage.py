"""Damaged checkpoints are passed over, named and kept aside."""

import errno
import os
import re

import pytest

from ganzoo.errors import CheckpointError, ResourceError
from ganzoo.runs.checkpoint import available_steps, load
from support.checkpoints import assert_is_state_of, flip_bit, names, save_steps, sidecar_file, state_file

DAMAGE = {
    "truncated": (lambda path: os.truncate(path, path.stat().st_size - 1_000), r"size \d+, expected \d+"),
    "bit-flipped": (flip_bit, "sha256 mismatch"),
    "zero-filled": (lambda path: path.write_bytes(bytes(path.stat().st_size)), "sha256 mismatch"),
    "0-byte": (lambda path: path.write_bytes(b""), r"size 0, expected \d+"),
    "html": (lambda path: path.write_text("<html>404</html>"), r"size 16, expected \d+"),
    "missing": (lambda path: path.unlink(), "cannot be read: No such file or directory"),
}


@pytest.mark.fault(
    "the newest checkpoint is cut short, has a flipped bit, is all zeros, empty, a page of HTML or gone",
    "the one before is used, and the file is set aside under another name",
    "F02",
    "F03",
    "F04",
    "F05",
)
@pytest.mark.parametrize(("damage", "reason"), DAMAGE.values(), ids=DAMAGE)
def test_damaged_checkpoint_is_passed_over_and_kept_aside(tmp_path, damage, reason):
    save_steps(tmp_path, 50, 60)
    damage(state_file(tmp_path, 60))
    step, state, passed_over, _ = load(tmp_path)
    assert step == 50
    assert_is_state_of(50, state)
    (text,) = passed_over
    assert re.fullmatch(rf"checkpoint step 60 is corrupt \({reason}\); using step 50", text)
    assert sidecar_file(tmp_path, 60).with_suffix(".json.corrupt").exists()
    assert state_file(tmp_path, 60).with_suffix(".pt.corrupt").exists() == (reason != DAMAGE["missing"][1])
    assert available_steps(tmp_path) == [50]


@pytest.mark.fault(
    "a sidecar is empty, zeros, or JSON without its keys", "its checkpoint does not count, and the one before is used"
)
@pytest.mark.parametrize("content", ["", "{}", "[]", "null", '{"schema": "1"}', '{"schema": 1}', "\x00" * 200])
def test_damaged_sidecar_counts_as_a_damaged_checkpoint(tmp_path, content):
    save_steps(tmp_path, 50, 60)
    sidecar_file(tmp_path, 60).write_text(content)
    assert available_steps(tmp_path) == [50]
    assert load(tmp_path).step == 50


def test_every_damaged_checkpoint_on_the_way_is_named(tmp_path):
    save_steps(tmp_path, 40, 50, 60)
    flip_bit(state_file(tmp_path, 60))
    state_file(tmp_path, 50).write_bytes(b"")
    assert [text.split(" (")[0] for text in load(tmp_path).warnings] == [
        "checkpoint step 60 is corrupt",
        "checkpoint step 50 is corrupt",
    ]


@pytest.mark.fault(
    "every checkpoint of a run is damaged", "exit 5 with how many were found, and none is deleted", "F06"
)
def test_when_all_are_damaged_none_is_loaded_and_none_deleted(tmp_path):
    save_steps(tmp_path, 40, 50, 60)
    for step in (40, 50, 60):
        flip_bit(state_file(tmp_path, step))
    for _ in range(2):  # asking again gives the same answer
        with pytest.raises(CheckpointError, match=r"no usable checkpoint in .* \(3 found, 3 corrupt\)") as caught:
            load(tmp_path)
        assert caught.value.exit_code == 5
    assert len(list(tmp_path.glob("*.pt.corrupt"))) == 3


@pytest.mark.fault(
    "the checkpoint that was asked for is damaged", "exit 5 with those that are whole, and never another step instead"
)
def test_damaged_step_that_was_asked_for_is_an_error_not_another_step(tmp_path):
    save_steps(tmp_path, 50, 60)
    flip_bit(state_file(tmp_path, 60))
    with pytest.raises(CheckpointError, match=r"step 60 is corrupt \(sha256 mismatch\) \(available: 50\)"):
        load(tmp_path, 60)


@pytest.mark.fault(
    "a run in use has a damaged checkpoint and is only read", "the one before is read, and nothing is renamed"
)
def test_reader_of_a_folder_in_use_renames_nothing(tmp_path):
    save_steps(tmp_path, 50, 60)
    flip_bit(state_file(tmp_path, 60))
    before = names(tmp_path)
    assert load(tmp_path, quarantine=False).step == 50
    assert names(tmp_path) == before


@pytest.mark.fault("a damaged checkpoint lies on a read-only disk", "the one before is used")
def test_damaged_checkpoint_that_cannot_be_renamed_is_passed_over(tmp_path, monkeypatch):
    save_steps(tmp_path, 50, 60)
    flip_bit(state_file(tmp_path, 60))

    def refuse(*arguments):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(os, "replace", refuse)
    monkeypatch.setattr(os, "rename", refuse)
    assert load(tmp_path).step == 50


@pytest.mark.fault("a kill between a checkpoint and its sidecar", "the checkpoint does not count", "F26")
def test_state_without_a_sidecar_is_no_checkpoint(tmp_path):
    save_steps(tmp_path, 50, 60)
    sidecar_file(tmp_path, 60).unlink()
    assert available_steps(tmp_path) == [50]
    assert load(tmp_path)[::2] == (50, ())


@pytest.mark.fault(
    "the file system says stale handle, I/O error or permission denied when a checkpoint is read",
    "exit 9, and what may be whole is neither passed over nor set aside",
)
@pytest.mark.parametrize("number", [errno.ESTALE, errno.EIO, errno.EACCES, errno.ETIMEDOUT])
@pytest.mark.parametrize("suffix", [".pt", ".json"])
def test_file_that_cannot_be_read_now_is_not_taken_for_damage(tmp_path, monkeypatch, number, suffix):
    save_steps(tmp_path, 50, 60)
    before = names(tmp_path)

    def fail(path, *arguments, open=os.open):
        if str(path).endswith(f"00000060{suffix}"):
            raise OSError(number, os.strerror(number))
        return open(path, *arguments)

    monkeypatch.setattr(os, "open", fail)
    with pytest.raises(ResourceError, match=rf"step-00000060{suffix} cannot be read now: {os.strerror(number)}"):
        load(tmp_path)
    monkeypatch.undo()
    assert names(tmp_path) == before
    assert load(tmp_path).step == 60
