"""Pipes, sockets, devices and files without end, wherever a file is read: refused by name, and never waited for."""

import os
import signal
import socket
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from ganzoo.builtin.datasets.arrays import Npy, Npz
from ganzoo.builtin.datasets.own_images import Folder, Tar, Zip
from ganzoo.builtin.datasets.packed_images import HuggingFace, Lmdb, WebDataset
from ganzoo.builtin.features.fidelity import INCEPTION
from ganzoo.builtin.features.weights import find
from ganzoo.data import cache
from ganzoo.errors import CheckpointError, ConfigError, DataError, EvaluationError, PluginError
from ganzoo.evaluation.image_sets import read_images
from ganzoo.evaluation.references import _read
from ganzoo.evaluation.statistics import read_statistics
from ganzoo.runs.checkpoint import load
from ganzoo.settings.toml import read_toml
from ganzoo.zoo.plugins import load_file
from support.checkpoints import save_steps, state_file

TERABYTE = 2**40


def pipe(path):
    os.mkfifo(path)


def device(path):
    path.symlink_to("/dev/zero")


def bound_socket(path):
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(os.path.relpath(path))  # the whole path may be longer than a socket's may be


def huge(path):
    with path.open("wb") as file:
        file.truncate(TERABYTE)


ODD = {"pipe": pipe, "device": device, "socket": bound_socket, "huge": huge}


@contextmanager
def at_once():
    """A second, after which the test fails instead of waiting for ever."""
    previous = signal.signal(signal.SIGALRM, lambda *_: pytest.fail("it waits"))
    signal.setitimer(signal.ITIMER_REAL, 5)  # the machine may be busy
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


READERS = {
    "recipe.toml": (read_toml, ConfigError),
    "x.zip": (lambda path: Zip(str(path)).load(), DataError),
    "x.tar": (lambda path: Tar(str(path)).load(), DataError),
    "x.tar.gz": (lambda path: Tar(str(path)).load(), DataError),
    "x.npz": (lambda path: Npz(str(path)).load(), DataError),
    "x.npy": (lambda path: Npy(str(path)).load(), DataError),
    "shard.tar": (lambda path: WebDataset(str(path)).load(), DataError),
    "data.mdb": (lambda path: Lmdb(str(path.parent)).load(), DataError),
    "x.parquet": (lambda path: HuggingFace(str(path.parent)).load(), DataError),
    "a.png": (lambda path: Folder(str(path.parent)).load(), DataError),
    "labels.csv": (lambda path: Folder(str(path.parent)).load(), DataError),
    "images.npz": (read_images, (DataError, EvaluationError)),
    "weights.pth": (lambda path: find(INCEPTION, str(path)), EvaluationError),
    "statistics.npz": (read_statistics, DataError),
    "plugin.py": (load_file, PluginError),
}


@pytest.mark.fault("a pipe, a socket, a device or a file without end is where a file is read", "it is refused by name")
@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("name", READERS)
def test_what_is_no_file_of_its_kind_is_refused_by_name_and_at_once(tmp_path, monkeypatch, name, kind):
    monkeypatch.chdir(tmp_path)
    read, error = READERS[name]
    if name == "labels.csv":
        (tmp_path / "a.png").write_bytes(b"never read")
    ODD[kind](tmp_path / name)
    with at_once(), pytest.raises(error) as caught:
        read(tmp_path / name)
    assert name in str(caught.value) or str(tmp_path) in str(caught.value)


@pytest.mark.parametrize("kind", ODD)
def test_labels_beside_an_array_that_are_no_file_are_refused_and_not_passed_over(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    np.save("images.npy", np.zeros((12, 8, 8), np.uint8))
    ODD[kind](tmp_path / "labels.npy")
    with at_once(), pytest.raises(DataError, match=r"labels\.npy"):
        Npy("images.npy").load()


@pytest.mark.fault("a pipe or a device stands in place of a checkpoint", "it is passed over, the one before is used")
@pytest.mark.parametrize("kind", ODD)
def test_a_checkpoint_that_is_no_file_is_passed_over(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    save_steps(tmp_path, 50, 60)
    state_file(tmp_path, 60).unlink()
    ODD[kind](state_file(tmp_path, 60))
    with at_once():
        loaded = load(tmp_path, quarantine=False)
    assert loaded.step == 50 and "checkpoint step 60 is corrupt" in loaded.warnings[0]
    with at_once(), pytest.raises(CheckpointError, match="step 60 is corrupt"):
        load(tmp_path, 60, quarantine=False)


@pytest.mark.parametrize("kind", ODD)
def test_a_record_of_a_checkpoint_that_is_no_file_counts_for_nothing(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    save_steps(tmp_path, 50)
    (tmp_path / "latest.json").unlink()
    ODD[kind](tmp_path / "latest.json")
    with at_once():
        assert load(tmp_path).step == 50


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_an_entry_of_a_cache_that_is_no_file_is_damaged_and_not_waited_for(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    ODD[kind](tmp_path / "entry.json")
    with at_once(), pytest.raises(cache._DamageError, match=r"it is a \w+, not a file"):
        cache._read_record(tmp_path / "entry.json")
    ODD[kind](tmp_path / "entry.npz")
    with at_once(), pytest.raises(OSError, match=r"it is a \w+, not a file"):
        _read(tmp_path / "entry.npz", "key", 4, torch.device("cpu"))
