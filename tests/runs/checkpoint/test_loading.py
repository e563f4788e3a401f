"""Which checkpoint is loaded."""

import os

import pytest

from ganzoo.errors import CheckpointError
from ganzoo.runs.checkpoint import available_steps, load, save
from support.checkpoints import assert_is_state_of, names, plant, save_steps, sidecar_file, state_file


@pytest.mark.fault("steps 9, 10, 99 and 100 lie side by side", "they are ordered as numbers", "F19")
def test_steps_are_ordered_as_numbers(tmp_path):
    for step in (9, 100, 10, 99):
        plant(tmp_path, step, b"")
        for path in (state_file(tmp_path, step), sidecar_file(tmp_path, step)):
            path.rename(tmp_path / f"step-{step}{path.suffix}")
    assert available_steps(tmp_path) == [9, 10, 99, 100]


@pytest.mark.fault("latest.json is gone", "the highest whole step is loaded, with a remark", "F18")
def test_highest_step_is_loaded_when_nothing_points_to_the_latest(tmp_path):
    save_steps(tmp_path, 9, 10, 99, 100, keep_last=9)
    (tmp_path / "latest.json").unlink()
    assert load(tmp_path).step == 100


@pytest.mark.fault("latest.json is damaged or wrong", "the highest whole step is loaded, and a remark says so", "F18")
@pytest.mark.parametrize("content", ["", "[]", "{", '{"step": 70}', '{"step": "60"}', "\udcff"])
def test_useless_pointer_to_the_latest_is_ignored(tmp_path, content):
    save_steps(tmp_path, 50, 60)
    (tmp_path / "latest.json").write_bytes(content.encode(errors="surrogateescape"))
    found = load(tmp_path)
    remark = f"{tmp_path / 'latest.json'} cannot be read; using step 60"
    assert (found.step, found.warnings) == (60, () if "70" in content else (remark,))


@pytest.mark.fault("files of other names lie among the checkpoints", "they are neither loaded nor deleted")
def test_files_of_other_names_are_neither_loaded_nor_deleted(tmp_path):
    others = ["step-1.5.pt", "step-notes.json", "step-.json", "step-00000050.pt.bak", "50.json"]
    for name in others:
        (tmp_path / name).write_text("{}")
    save_steps(tmp_path, 60, 70, keep_last=1)
    assert available_steps(tmp_path) == [70]
    assert load(tmp_path).step == 70
    assert set(names(tmp_path)) > set(others)


def test_run_resumed_from_an_earlier_step_goes_on_from_its_own_checkpoint(tmp_path):
    save_steps(tmp_path, 10, 40, 50, 60, keep_last=4)
    assert load(tmp_path, 10).step == 10
    save_steps(tmp_path, 20)
    assert load(tmp_path).step == 20
    assert available_steps(tmp_path) == [10, 20, 40, 50, 60]


def test_given_step_is_loaded(tmp_path):
    save_steps(tmp_path, 40, 50, 60)
    step, state, passed_over, _ = load(tmp_path, 50)
    assert (step, passed_over) == (50, ())
    assert_is_state_of(50, state)


def test_absent_step_is_refused_with_those_that_are_there(tmp_path):
    save_steps(tmp_path, 40, 50, 60)
    with pytest.raises(CheckpointError, match=r"no checkpoint of step 70 \(available: 40, 50, 60\)"):
        load(tmp_path, 70)


def test_empty_or_absent_folder_has_no_usable_checkpoint(tmp_path):
    for folder in (tmp_path, tmp_path / "nowhere"):
        assert available_steps(folder) == []
        with pytest.raises(CheckpointError, match=r"no usable checkpoint in .* \(0 found, 0 corrupt\)"):
            load(folder)


@pytest.mark.fault(
    "the clock is set back between two saves", "the step decides which checkpoint is the newest, no date"
)
def test_no_clock_decides_which_checkpoint_is_the_newest(tmp_path):
    save_steps(tmp_path, 40, 50, 60)
    for path in tmp_path.glob("*60*"):
        os.utime(path, (0, 0))
    (tmp_path / "latest.json").unlink()
    assert load(tmp_path).step == 60
    save_steps(tmp_path, 70, keep_last=2)
    assert available_steps(tmp_path) == [60, 70]


@pytest.mark.fault("a checkpoint is renamed to another step", "the one before is used, and a remark says what it holds")
def test_a_renamed_checkpoint_is_not_of_the_step_in_its_name(tmp_path):
    for step in (50, 60):
        save(tmp_path, step, {"step": step})
    state_file(tmp_path, 60).rename(state_file(tmp_path, 900))
    sidecar_file(tmp_path, 60).rename(sidecar_file(tmp_path, 900))
    found = load(tmp_path, quarantine=False)
    assert (found.step, found.damaged) == (50, (900,))
    assert "checkpoint step 900 is corrupt (it holds step 60); using step 50" in found.warnings
