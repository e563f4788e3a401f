"""Which checkpoints are kept, and which is the best."""

import errno
import os
from pathlib import Path

import pytest

from ganzoo.runs.checkpoint import available_steps, best_step, load, mark_best
from support.checkpoints import save_steps, state_file


def test_rotation_keeps_the_last_three_and_the_best(tmp_path):
    save_steps(tmp_path, 10, 20)
    mark_best(tmp_path, 20, 3.5)
    save_steps(tmp_path, 30, 40, 50, 60)
    assert best_step(tmp_path) == 20
    assert available_steps(tmp_path) == [20, 40, 50, 60]
    assert not state_file(tmp_path, 10).exists()


def test_former_best_is_rotated_away(tmp_path):
    save_steps(tmp_path, 10, 20)
    mark_best(tmp_path, 10, 3.5)
    mark_best(tmp_path, 20, 3.1)
    save_steps(tmp_path, 30, keep_last=1)
    assert available_steps(tmp_path) == [20, 30]


@pytest.mark.fault("a killed save left a state without a sidecar", "the next rotation removes it")
def test_rotation_removes_states_whose_save_was_killed(tmp_path):
    save_steps(tmp_path, 10)
    state_file(tmp_path, 15).write_bytes(b"no sidecar")
    save_steps(tmp_path, 20)
    assert not state_file(tmp_path, 15).exists()
    assert available_steps(tmp_path) == [10, 20]


def test_no_number_to_keep_deletes_the_checkpoint_just_saved(tmp_path):
    save_steps(tmp_path, 10, 20, keep_last=0)
    assert available_steps(tmp_path) == [20]


@pytest.mark.fault("an old checkpoint cannot be deleted", "a warning, and training goes on", "F17")
def test_checkpoint_that_cannot_be_deleted_is_a_warning(tmp_path, monkeypatch):
    save_steps(tmp_path, 10)

    def refuse(*arguments, **options):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "unlink", refuse)
    with pytest.warns(RuntimeWarning, match="cannot delete step-00000010: Operation not permitted"):
        save_steps(tmp_path, 20, keep_last=1)
    monkeypatch.undo()
    assert load(tmp_path).step == 20


@pytest.mark.fault("a deletion ends between sidecar and state", "nothing counts as damaged")
def test_half_a_deletion_is_not_taken_for_damage(tmp_path, monkeypatch):
    save_steps(tmp_path, 10)
    (tmp_path / "latest.json").unlink()
    deleted = []

    def delete_one(path, unlink=os.unlink):
        if deleted:
            raise OSError(errno.EIO, "Input/output error")
        if not str(path).count(".tmp-"):
            unlink(path)
            deleted.append(Path(path).suffix)

    monkeypatch.setattr(os, "unlink", delete_one)
    with pytest.warns(RuntimeWarning):
        save_steps(tmp_path, 20, keep_last=1)
    monkeypatch.undo()
    assert deleted == [".json"]
    assert load(tmp_path)[::2] == (20, ())
    assert available_steps(tmp_path) == [20]


@pytest.mark.fault("a score is nan or infinite", "it is never the best", "F47")
@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_score_that_is_not_a_number_is_never_the_best(tmp_path, score):
    mark_best(tmp_path, 10, 2.0)
    with pytest.raises(ValueError, match="cannot be the best"):
        mark_best(tmp_path, 20, score)
    assert best_step(tmp_path) == 10


@pytest.mark.fault("best.json is damaged", "there is no best, and nothing else is harmed")
@pytest.mark.parametrize("content", ["", "[1]", '{"step": "20"}', '{"best": 20}'])
def test_damaged_note_of_the_best_is_no_best(tmp_path, content):
    (tmp_path / "best.json").write_text(content)
    assert best_step(tmp_path) is None
