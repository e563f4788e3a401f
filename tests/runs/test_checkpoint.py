"""Checkpoints survive kills, full disks, damage and malice. The files are real, and so are the signals."""

import errno
import hashlib
import json
import os
import pickle
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections import OrderedDict
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
import torch

from ganzoo.errors import CheckpointError, DivergedError, ResourceError
from ganzoo.files import write_atomically
from ganzoo.runs.checkpoint import (
    SCHEMA,
    available_steps,
    best_step,
    load,
    mark_best,
    save,
    sweep,
)
from support.checkout import ROOT

torch.set_num_threads(1)

TORCH_ADVICE = ("weights_only", "set to False", "legacy")


def state_of(step, size=1_000):
    """A state that is consistent only if every part of it comes from the same step."""
    return {"step": step, "G": {"weight": torch.full((size,), float(step))}, "history": list(range(step % 7))}


def assert_is_state_of(step, state):
    assert state["step"] == step
    assert (state["G"]["weight"] == step).all()
    assert state["history"] == list(range(step % 7))


def save_steps(folder, *steps, **options):
    for step in steps:
        save(folder, step, state_of(step), **options)


def state_file(folder, step):
    return folder / f"step-{step:08d}.pt"


def sidecar_file(folder, step):
    return folder / f"step-{step:08d}.json"


def plant(folder, step, data, *, schema=1):
    """Put these bytes where a checkpoint would be, with a sidecar that vouches for them."""
    folder.mkdir(exist_ok=True)
    state_file(folder, step).write_bytes(data)
    record = {"schema": schema, "step": step, "file": state_file(folder, step).name, "bytes": len(data)}
    record["sha256"] = hashlib.sha256(data).hexdigest()
    sidecar_file(folder, step).write_text(json.dumps(record))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def flip_bit(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


DAMAGE = {
    "truncated": (lambda path: os.truncate(path, path.stat().st_size - 1_000), r"size \d+, expected \d+"),
    "bit-flipped": (flip_bit, "sha256 mismatch"),
    "zero-filled": (lambda path: path.write_bytes(bytes(path.stat().st_size)), "sha256 mismatch"),
    "0-byte": (lambda path: path.write_bytes(b""), r"size 0, expected \d+"),
    "html": (lambda path: path.write_text("<html>404</html>"), r"size 16, expected \d+"),
    "missing": (lambda path: path.unlink(), "cannot be read: No such file or directory"),
}


# Round trip


def test_state_comes_back_exactly(tmp_path):
    weights = OrderedDict({"trunk.0.weight": torch.randn(3, 4), "steps": torch.tensor(7)})
    state = {
        "G": weights,
        "half": torch.randn(5).to(torch.bfloat16),
        "optimiser": {"param_groups": [{"lr": 1e-4, "betas": (0.5, 0.999), "foreach": None}]},
        "rng": torch.get_rng_state(),
        "python_rng": random.Random(0).getstate(),
        "nested": [1, "two", 3.0, (4, None, True), float("inf")],
    }
    save(tmp_path, 500, state)
    loaded = load(tmp_path)
    assert (loaded.step, loaded.warnings) == (500, ())
    assert torch.equal(loaded.state["G"].pop("trunk.0.weight"), weights.pop("trunk.0.weight"))
    assert torch.equal(loaded.state.pop("half"), state.pop("half"))
    assert torch.equal(loaded.state.pop("rng"), state.pop("rng"))
    assert loaded.state == state


def test_optimiser_resumes_bit_identically(tmp_path):
    def train(network, optimiser, steps):
        for step in range(steps):
            optimiser.zero_grad()
            network(torch.full((2, 3), float(step))).square().sum().backward()
            optimiser.step()

    def make():
        network = torch.nn.Linear(3, 1)
        return network, torch.optim.Adam(network.parameters(), 0.1)

    network, optimiser = make()
    train(network, optimiser, 5)
    save(tmp_path, 5, {"G": network.state_dict(), "opt_g": optimiser.state_dict()})
    resumed, resumed_optimiser = make()
    state = load(tmp_path).state
    resumed.load_state_dict(state["G"])
    resumed_optimiser.load_state_dict(state["opt_g"])
    train(network, optimiser, 5)
    train(resumed, resumed_optimiser, 5)
    assert torch.equal(network.weight, resumed.weight)


def test_files_are_named_and_described_as_documented(tmp_path):
    path = save(tmp_path, 500, state_of(500))
    assert path == tmp_path / "step-00000500.pt"
    assert names(tmp_path) == ["latest.json", "step-00000500.json", "step-00000500.pt"]
    sidecar = json.loads(sidecar_file(tmp_path, 500).read_text())
    data = path.read_bytes()
    assert sidecar == {
        "schema": SCHEMA,
        "step": 500,
        "file": "step-00000500.pt",
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "torch": torch.__version__,
    }


def test_read_only_state_is_saved_into_a_new_folder(tmp_path):
    folder = tmp_path / "run" / "checkpoints"
    save(folder, 1, MappingProxyType(state_of(1)))
    assert_is_state_of(1, load(folder).state)


def test_saving_and_loading_leave_the_random_states_alone(tmp_path):
    torch.manual_seed(0)
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    save(tmp_path, 1, state_of(1))
    load(tmp_path)
    after = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    assert torch.equal(after[0], before[0])
    assert after[1:] == before[1:]


def test_changing_a_tensor_after_saving_does_not_change_the_checkpoint(tmp_path):
    state = state_of(3)
    save(tmp_path, 3, state)
    state["G"]["weight"].add_(1)
    assert_is_state_of(3, load(tmp_path).state)


def test_folder_that_has_moved_still_loads(tmp_path):
    old, new = tmp_path / "old", tmp_path / "a new home"
    save_steps(old, 10, 20)
    mark_best(old, 10, 1.0)
    old.rename(new)
    assert load(new).step == 20
    assert not any(bytes(tmp_path) in path.read_bytes() for path in new.iterdir())


def test_tensors_of_a_gpu_load_on_a_machine_without_one(tmp_path, monkeypatch):
    monkeypatch.setattr("torch.serialization.location_tag", lambda storage: "cuda:0")
    save(tmp_path, 1, state_of(1))
    monkeypatch.undo()
    assert b"cuda:0" in state_file(tmp_path, 1).read_bytes()
    assert load(tmp_path).state["G"]["weight"].device.type == "cpu"


def test_saving_a_step_again_replaces_it(tmp_path):
    save(tmp_path, 5, {"attempt": 1})
    save(tmp_path, 5, {"attempt": 2})
    assert load(tmp_path) == (5, {"attempt": 2}, ())
    assert names(tmp_path) == ["latest.json", "step-00000005.json", "step-00000005.pt"]


@pytest.mark.parametrize("renames", range(4))
def test_save_of_a_step_again_that_is_killed_leaves_one_state_or_the_other(tmp_path, monkeypatch, renames):
    save(tmp_path, 5, {"attempt": "first"})
    for attempt in ("second", "longer third"):  # killed twice, at the same point
        left = [None] * renames

        def die_after(source, target, left=left, replace=os.replace):
            if not left:
                raise KeyboardInterrupt
            left.pop()
            replace(source, target)

        monkeypatch.setattr(os, "replace", die_after)
        with pytest.raises(KeyboardInterrupt):
            save(tmp_path, 5, {"attempt": attempt})
        monkeypatch.undo()
        assert available_steps(tmp_path) == [5]
    assert load(tmp_path) == (5, {"attempt": "first" if renames < 2 else "longer third"}, ())


# Which checkpoint


def test_steps_are_ordered_as_numbers(tmp_path):
    for step in (9, 100, 10, 99):
        plant(tmp_path, step, b"")
        for path in (state_file(tmp_path, step), sidecar_file(tmp_path, step)):
            path.rename(tmp_path / f"step-{step}{path.suffix}")
    assert available_steps(tmp_path) == [9, 10, 99, 100]


def test_highest_step_is_loaded_when_nothing_points_to_the_latest(tmp_path):
    save_steps(tmp_path, 9, 10, 99, 100, keep_last=9)
    (tmp_path / "latest.json").unlink()
    assert load(tmp_path).step == 100


@pytest.mark.parametrize("content", ["", "[]", "{", '{"step": 70}', '{"step": "60"}', "\udcff"])
def test_useless_pointer_to_the_latest_is_ignored(tmp_path, content):
    save_steps(tmp_path, 50, 60)
    (tmp_path / "latest.json").write_bytes(content.encode(errors="surrogateescape"))
    assert load(tmp_path)[::2] == (60, ())


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
    step, state, passed_over = load(tmp_path, 50)
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


# Rotation


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


def test_rotation_removes_states_whose_save_was_killed(tmp_path):
    save_steps(tmp_path, 10)
    state_file(tmp_path, 15).write_bytes(b"no sidecar")
    save_steps(tmp_path, 20)
    assert not state_file(tmp_path, 15).exists()
    assert available_steps(tmp_path) == [10, 20]


def test_no_number_to_keep_deletes_the_checkpoint_just_saved(tmp_path):
    save_steps(tmp_path, 10, 20, keep_last=0)
    assert available_steps(tmp_path) == [20]


def test_checkpoint_that_cannot_be_deleted_is_a_warning(tmp_path, monkeypatch):
    save_steps(tmp_path, 10)

    def refuse(*arguments, **options):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "unlink", refuse)
    with pytest.warns(RuntimeWarning, match="cannot delete step-00000010: Operation not permitted"):
        save_steps(tmp_path, 20, keep_last=1)
    monkeypatch.undo()
    assert load(tmp_path).step == 20


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
    assert deleted == [".json"]


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_score_that_is_not_a_number_is_never_the_best(tmp_path, score):
    mark_best(tmp_path, 10, 2.0)
    with pytest.raises(ValueError, match="cannot be the best"):
        mark_best(tmp_path, 20, score)
    assert best_step(tmp_path) == 10


@pytest.mark.parametrize("content", ["", "[1]", '{"step": "20"}', '{"best": 20}'])
def test_damaged_note_of_the_best_is_no_best(tmp_path, content):
    (tmp_path / "best.json").write_text(content)
    assert best_step(tmp_path) is None


# Damage


@pytest.mark.parametrize(("damage", "reason"), DAMAGE.values(), ids=DAMAGE)
def test_damaged_checkpoint_is_passed_over_and_kept_aside(tmp_path, damage, reason):
    save_steps(tmp_path, 50, 60)
    damage(state_file(tmp_path, 60))
    step, state, passed_over = load(tmp_path)
    assert step == 50
    assert_is_state_of(50, state)
    (text,) = passed_over
    assert re.fullmatch(rf"checkpoint step 60 is corrupt \({reason}\); using step 50", text)
    assert sidecar_file(tmp_path, 60).with_suffix(".json.corrupt").exists()
    assert state_file(tmp_path, 60).with_suffix(".pt.corrupt").exists() == (reason != DAMAGE["missing"][1])
    assert available_steps(tmp_path) == [50]


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


def test_when_all_are_damaged_none_is_loaded_and_none_deleted(tmp_path):
    save_steps(tmp_path, 40, 50, 60)
    for step in (40, 50, 60):
        flip_bit(state_file(tmp_path, step))
    for _ in range(2):  # asking again gives the same answer
        with pytest.raises(CheckpointError, match=r"no usable checkpoint in .* \(3 found, 3 corrupt\)") as caught:
            load(tmp_path)
        assert caught.value.exit_code == 5
    assert len(list(tmp_path.glob("*.pt.corrupt"))) == 3


def test_damaged_step_that_was_asked_for_is_an_error_not_another_step(tmp_path):
    save_steps(tmp_path, 50, 60)
    flip_bit(state_file(tmp_path, 60))
    with pytest.raises(CheckpointError, match=r"step 60 is corrupt \(sha256 mismatch\) \(available: 50\)"):
        load(tmp_path, 60)


def test_reader_of_a_folder_in_use_renames_nothing(tmp_path):
    save_steps(tmp_path, 50, 60)
    flip_bit(state_file(tmp_path, 60))
    before = names(tmp_path)
    assert load(tmp_path, quarantine=False).step == 50
    assert names(tmp_path) == before


def test_damaged_checkpoint_that_cannot_be_renamed_is_passed_over(tmp_path, monkeypatch):
    save_steps(tmp_path, 50, 60)
    flip_bit(state_file(tmp_path, 60))

    def refuse(*arguments):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(os, "replace", refuse)
    monkeypatch.setattr(os, "rename", refuse)
    assert load(tmp_path).step == 50


def test_state_without_a_sidecar_is_no_checkpoint(tmp_path):
    save_steps(tmp_path, 50, 60)
    sidecar_file(tmp_path, 60).unlink()
    assert available_steps(tmp_path) == [50]
    assert load(tmp_path)[::2] == (50, ())


# Files that ganzoo did not write


class Malice:
    """Unpickling it creates a file."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


def zipped(path, content):
    torch.save(content, path)
    return path.read_bytes()


@pytest.mark.parametrize("container", [zipped, lambda path, content: pickle.dumps(content)], ids=["zip", "pickle"])
def test_object_that_would_run_code_is_refused_and_not_run(tmp_path, container):
    folder, pwned = tmp_path / "checkpoints", tmp_path / "pwned"
    save_steps(folder, 50)
    plant(folder, 60, container(tmp_path / "evil.pt", {"G": Malice(pwned)}))
    (folder / "latest.json").unlink()
    before = names(folder)
    for step in (None, 60):
        with pytest.raises(CheckpointError, match=r"refusing to load .* unsafe object") as caught:
            load(folder, step)
        assert not any(advice in str(caught.value) for advice in TORCH_ADVICE)
    assert not pwned.exists()
    assert names(folder) == before


@pytest.mark.parametrize("content", [b"<html>404</html>", b"\x89PNG\r\n\x1a\n", bytes(64), b""])
def test_other_kind_of_file_is_not_a_ganzoo_checkpoint(tmp_path, content):
    plant(tmp_path, 60, content)
    with pytest.raises(CheckpointError, match="is not a ganzoo checkpoint") as caught:
        load(tmp_path)
    assert not any(advice in str(caught.value) for advice in TORCH_ADVICE)


def test_file_in_place_of_the_folder_is_not_a_ganzoo_checkpoint(tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<html>404</html>")
    with pytest.raises(CheckpointError, match=r"page\.html is not a ganzoo checkpoint"):
        load(page)


def test_tensor_alone_is_not_a_ganzoo_checkpoint(tmp_path):
    plant(tmp_path, 60, zipped(tmp_path / "other.pt", torch.ones(3)))
    with pytest.raises(CheckpointError, match="is not a ganzoo checkpoint"):
        load(tmp_path)


def test_zip_file_that_torch_cannot_read_is_passed_over_in_our_words(tmp_path):
    save_steps(tmp_path, 50)
    plant(tmp_path, 60, state_file(tmp_path, 50).read_bytes()[:-900])
    (tmp_path / "latest.json").unlink()
    assert load(tmp_path).warnings == ("checkpoint step 60 is corrupt (unreadable); using step 50",)


def test_lack_of_memory_is_not_taken_for_damage(tmp_path, monkeypatch):
    save_steps(tmp_path, 60)
    for error in (MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")):

        def fail(*arguments, error=error, **options):
            raise error

        monkeypatch.setattr(torch, "load", fail)
        with pytest.raises(ResourceError, match=r"not enough memory to load step-00000060\.pt"):
            load(tmp_path)
    assert available_steps(tmp_path) == [60]


def test_checkpoint_of_a_newer_ganzoo_is_refused_and_left_alone(tmp_path):
    save_steps(tmp_path, 50)
    plant(tmp_path, 60, b"in a format of the future", schema=999)
    (tmp_path / "latest.json").unlink()
    before = names(tmp_path)
    with pytest.raises(CheckpointError, match=r"written by a newer ganzoo \(schema 999 > 1\)"):
        load(tmp_path)
    assert names(tmp_path) == before


# States that must not be saved


@pytest.mark.parametrize("poison", [float("nan"), float("inf")])
@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16, torch.complex64])
def test_state_that_is_not_finite_is_refused_and_the_previous_one_kept(tmp_path, poison, kind):
    save_steps(tmp_path, 50)
    before = names(tmp_path)
    weight = torch.ones(4, dtype=kind)
    weight[2] = poison
    state = state_of(60) | {"G": OrderedDict({"trunk.0.weight": weight})}
    with pytest.raises(DivergedError, match=r"^G\.trunk\.0\.weight is not finite: .* step 60 not saved"):
        save(tmp_path, 60, state)
    assert names(tmp_path) == before
    assert load(tmp_path).step == 50


def test_tensor_that_is_not_finite_is_found_in_lists(tmp_path):
    state = {"optimiser": [{"exp_avg": torch.ones(2)}, (torch.full((), float("nan")),)]}
    with pytest.raises(DivergedError, match=r"^optimiser\.1\.0 is not finite"):
        save(tmp_path, 1, state)


@pytest.mark.parametrize("content", [np.float64(1), np.ones(2), Path("x")], ids=["scalar", "array", "path"])
def test_state_that_could_not_be_restored_is_not_saved(tmp_path, content):
    with pytest.raises(CheckpointError, match=r"the state holds .* step 60 not saved"):
        save(tmp_path, 60, {"plugin": content})
    assert names(tmp_path) == []


# Disks


@contextmanager
def largest_file(size):
    """The kernel refuses to let a file grow beyond this, as a full disk would; it works without root."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


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


@pytest.mark.parametrize("number", [1, 2, 3], ids=["state", "sidecar", "latest"])
def test_step_that_could_not_be_saved_whole_is_withdrawn(tmp_path, monkeypatch, number):
    save_steps(tmp_path, 40)
    before = names(tmp_path)
    fail_at_rename(monkeypatch, number)
    with pytest.raises(ResourceError, match=r"previous kept \(step 40\)"):
        save_steps(tmp_path, 50)
    assert names(tmp_path) == before
    assert load(tmp_path).step == 40


@pytest.mark.parametrize("number", [1, 2, 3, 4], ids=["both", "state", "sidecar", "latest"])
def test_step_that_could_not_be_saved_again_is_still_there(tmp_path, monkeypatch, number):
    save_steps(tmp_path, 40)
    fail_at_rename(monkeypatch, number)
    with pytest.raises(ResourceError, match=r"previous kept \(step 40\)"):
        save(tmp_path, 40, state_of(40, size=500))
    assert_is_state_of(40, load(tmp_path).state)


def test_folder_that_cannot_be_written_is_named_with_the_reason(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ResourceError, match=r"cannot write \(Not a directory\): checkpoint of step 1 not saved"):
        save_steps(tmp_path / "file" / "checkpoints", 1)


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


def test_file_that_comes_out_short_never_gets_its_name(tmp_path, monkeypatch):
    save_steps(tmp_path, 40)
    before = names(tmp_path)
    monkeypatch.setattr(os, "fsync", lambda file: os.ftruncate(file, 100))
    with pytest.raises(ResourceError, match=r"cannot write .*not as long as"):
        save_steps(tmp_path, 50)
    assert names(tmp_path) == before


def test_directory_that_cannot_be_synced_is_no_failure(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "open", lambda *arguments: (_ for _ in ()).throw(PermissionError(errno.EACCES, "no")))
    write_atomically(tmp_path / "status.json", b"{}")
    assert (tmp_path / "status.json").read_bytes() == b"{}"


def test_sweep_removes_what_killed_writers_left_and_nothing_else(tmp_path):
    save_steps(tmp_path, 60)
    before = names(tmp_path)
    for leftover in (".step-00000070.pt.tmp-99999-ab", ".latest.json.tmp-1-0f"):
        (tmp_path / leftover).touch()
    assert load(tmp_path)[::2] == (60, ())
    assert sweep(tmp_path) == 2
    assert sweep(tmp_path) == 0
    assert names(tmp_path) == before


# Kills


def save_for_ever(folder, step, number):
    """Save this step again, but never with the same size, and then those that follow."""
    while True:
        save(folder, step, state_of(step, size=50_000 + number), keep_last=1 + number % 3)
        step += 1


def kill_a_child_that_saves(folder, step, number):
    child = os.fork()
    if child == 0:
        save_for_ever(folder, step, number)
    time.sleep(0.005 + 0.04 * (number * 0.618 % 1))  # spread evenly
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def survive_kills(folder, rounds):
    """Return how many saves were cut short and how many completed. Forks, so wants no threads beside it."""
    save_steps(folder, 1)
    step, cut_short = 1, 0
    for number in range(rounds):
        kill_a_child_that_saves(folder, step, number)
        loaded = load(folder)
        assert loaded.warnings == ()
        assert loaded.step >= step
        step = loaded.step
        for whole in available_steps(folder):
            assert_is_state_of(whole, load(folder, whole).state)
        cut_short += sweep(folder)
    assert not list(folder.glob("*.corrupt"))
    return cut_short, step


def test_after_fifty_kills_during_saving_every_checkpoint_is_whole(tmp_path):
    script = "from test_checkpoint import *; print(*survive_kills(Path(sys.argv[1]), rounds=50))"
    search = os.pathsep.join([str(ROOT), str(Path(__file__).parent)])
    run = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "checkpoints")],
        env=os.environ | {"PYTHONPATH": search, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    cut_short, completed = map(int, run.stdout.split())
    assert cut_short > 0, "every kill missed what it was meant to hit"
    assert completed > 0


def test_nothing_is_printed_or_warned(tmp_path, capfd):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save_steps(tmp_path, 10, 20, 30, 40, 50)
        flip_bit(state_file(tmp_path, 50))
        load(tmp_path)
    assert capfd.readouterr() == ("", "")
