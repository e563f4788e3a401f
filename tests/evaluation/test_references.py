"""The cache of reference features: right with any cache, and with many processes at once."""

import io
import json
import os
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ganzoo.errors import EvaluationError
from ganzoo.evaluation import references
from ganzoo.evaluation.references import load_reference
from ganzoo.files import cache_folder
from support.checkout import ROOT
from support.references import CPU, IMAGES, MANY, NAMES, PREPARE, Eye, assert_same

torch.set_num_threads(1)


def the_entry(folder):
    (path,) = folder.iterdir()
    return path


# Right


def test_the_second_time_nothing_is_computed_and_everything_is_the_same(tmp_path):
    eye = Eye()
    first, second = eye.load(tmp_path / "new" / "cache"), eye.load(tmp_path / "new" / "cache")
    assert (first.cached, first.notes, second.cached, second.notes, eye.seen) == (False, (), True, (), 40)
    assert_same(first.features, second.features)


def test_the_features_are_those_of_the_images_with_the_root_of_their_covariance(tmp_path):
    features = Eye().load(tmp_path).features
    rows = IMAGES.flatten(1).float().sqrt()
    assert (features.count, features.mean.dtype, features.rows.dtype) == (40, torch.float64, torch.float32)
    assert torch.equal(features.rows, rows)
    assert np.allclose(features.covariance, np.cov(rows.double().numpy(), rowvar=False), rtol=1e-12)
    assert torch.allclose(features.root @ features.root, features.covariance, rtol=1e-10, atol=1e-10)
    assert torch.equal(features.root, features.root.T) or torch.allclose(features.root, features.root.T, atol=1e-12)


def test_an_extractor_without_logits_has_none_in_the_cache_either(tmp_path):
    eye = Eye(logits=False)
    assert eye.load(tmp_path).features.logits is None
    assert eye.load(tmp_path).features.logits is None
    assert eye.seen == 40


@pytest.mark.parametrize("other", ["images", "label", "weights", "resize", "dtype", "more of the fingerprint"])
def test_other_images_and_other_extractors_have_entries_of_their_own(tmp_path, other):
    Eye().load(tmp_path)
    changed = {"resize": "bicubic"} if other == "resize" else {"weights": "b"} if other == "weights" else {}
    changed |= {"dtype": "bfloat16"} if other == "dtype" else {"crop": "none"} if other.startswith("more") else {}
    eye = Eye("ear" if other == "label" else "eye", **changed)
    loaded = eye.load(tmp_path, sha256="of others" if other == "images" else "of the images")
    assert (loaded.cached, eye.seen, len(list(tmp_path.iterdir()))) == (False, 40, 2)
    assert Eye().load(tmp_path).cached


def test_the_order_of_the_fingerprint_does_not_matter(tmp_path):
    Eye().load(tmp_path)
    turned = replace(Eye().extractor, fingerprint=dict(reversed(Eye().extractor.fingerprint.items())))
    assert load_reference(
        IMAGES, "of the images", turned, prepare=PREPARE, device=CPU, batch_size=40, folder=tmp_path
    ).cached


def test_an_entry_is_a_zip_of_plain_uncompressed_arrays_that_says_what_it_is_of(tmp_path):
    Eye().load(tmp_path)
    path = the_entry(tmp_path)
    with zipfile.ZipFile(path) as archive:
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
    with np.load(path, allow_pickle=False) as entry:
        assert set(entry.files) == {"key", "count", *NAMES}
        key = json.loads(str(entry["key"]))
    assert (key["images"], key["features"], key["fingerprint"]["weights"]) == ("of the images", "eye", "a" * 64)


def test_too_few_images_are_refused_and_leave_no_entry(tmp_path):
    with pytest.raises(EvaluationError, match="1 images are too few"):
        Eye().load(tmp_path, IMAGES[:1])
    assert list(tmp_path.iterdir()) == []


# Damaged, foreign, unwritable


def rewrite(path, **changes):
    """Give an entry other arrays; None leaves one out."""
    with np.load(path) as entry:
        arrays = {name: entry[name] for name in entry.files} | changes
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})


def bare_array():
    np.save(stream := io.BytesIO(), np.zeros(3))
    return stream.getvalue()


def spoil(how, path):
    data = path.read_bytes()
    {
        "empty": lambda: path.write_bytes(b""),
        "cut in half": lambda: path.write_bytes(data[: len(data) // 2]),
        "cut at the end": lambda: path.write_bytes(data[:-1]),
        "text": lambda: path.write_bytes(b"not an entry at all"),
        "a bare array": lambda: path.write_bytes(bare_array()),
        "a pickle": lambda: np.savez(path, key=np.array([{}], dtype=object)),
        "another count": lambda: rewrite(path, count=np.array(41)),
        "another key": lambda: rewrite(path, key=np.array("{}")),
        "without a root": lambda: rewrite(path, root=None),
        "rows missing": lambda: rewrite(path, rows=np.zeros((39, 9), np.float32)),
        "another dimension": lambda: rewrite(path, mean=np.zeros(8)),
        "scalar rows": lambda: rewrite(path, rows=np.float32(0)),
        "scalar logits": lambda: rewrite(path, logits=np.float32(0)),
        "single precision": lambda: rewrite(path, covariance=np.zeros((9, 9), np.float32)),
        "nan": lambda: rewrite(path, mean=np.full(9, np.nan)),
        "inf in the logits": lambda: rewrite(path, logits=np.full((40, 4), np.inf, np.float32)),
    }[how]()


SPOILT = [
    "empty, cut in half, cut at the end, text, a bare array, a pickle, another count, another key, without a root",
    "rows missing, another dimension, scalar rows, scalar logits, single precision, nan, inf in the logits",
]


@pytest.mark.fault("a cached reference is damaged in one of sixteen ways", "a note, and it is computed anew")
@pytest.mark.parametrize("how", ", ".join(SPOILT).split(", "))
def test_an_unusable_entry_is_noted_and_replaced(tmp_path, how):
    right = Eye().load(tmp_path).features
    spoil(how, the_entry(tmp_path))
    eye = Eye()
    again = eye.load(tmp_path)
    assert (again.cached, eye.seen) == (False, 40)
    assert [note for note in again.notes if note.startswith("the cached reference was unusable (")] == [*again.notes]
    assert len(again.notes) == 1
    assert_same(again.features, right)
    healed = Eye().load(tmp_path)
    assert (healed.cached, healed.notes) == (True, ())
    assert_same(healed.features, right)


class Trap:
    """What a pickle runs when it is loaded."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.fault("a cached reference is a pickle that runs code", "nothing runs")
def test_no_entry_can_run_code(tmp_path):
    Eye().load(tmp_path / "cache")
    rewrite(the_entry(tmp_path / "cache"), key=np.array([Trap(tmp_path / "sprung")], dtype=object))
    assert "unusable" in Eye().load(tmp_path / "cache").notes[0]
    assert not (tmp_path / "sprung").exists()


@pytest.mark.fault("any bit of a cached reference is flipped", "no number changes")
def test_no_flipped_bit_changes_a_number(tmp_path):
    """Anywhere in the file; where it goes unseen it is in a date or a flag that zip files carry for nothing."""
    right = Eye().load(tmp_path).features
    path = the_entry(tmp_path)
    data = path.read_bytes()
    noted = 0
    for position in range(0, len(data), 61):
        path.write_bytes(data[:position] + bytes([data[position] ^ 16]) + data[position + 1 :])
        loaded = Eye().load(tmp_path)
        assert_same(loaded.features, right)
        assert loaded.cached != bool(loaded.notes)
        noted += len(loaded.notes)
    assert noted > 0.7 * len(data) / 61


def test_an_entry_under_the_name_of_another_is_not_believed(tmp_path):
    Eye().load(tmp_path)
    wanted = the_entry(tmp_path)
    other = Eye().load(tmp_path / "elsewhere", 255 - IMAGES, "of the negatives")
    wanted.write_bytes(the_entry(tmp_path / "elsewhere").read_bytes())
    loaded = Eye().load(tmp_path)
    assert not torch.equal(loaded.features.rows, other.features.rows)
    assert loaded.notes[0].startswith("the cached reference was unusable (of other images")


@pytest.mark.fault("the folder of cached references cannot be written", "a note, and the score is right")
def test_a_folder_that_cannot_be_written_is_a_note(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        loaded = Eye().load(folder)
        assert (loaded.cached, len(loaded.notes), len(loaded.features.rows)) == (False, 1, 40)
        assert loaded.notes[0].startswith("the reference is not cached (")
        assert str(folder) in loaded.notes[0]


@pytest.mark.fault("the disk is full when a reference is to be cached", "a note, and the score is right")
def test_a_full_disk_is_a_note(tmp_path, monkeypatch):
    def full(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(references, "write_atomically", full)
    assert Eye().load(tmp_path).notes == (
        f"the reference is not cached (No space left on device): {tmp_path}; set GANZOO_CACHE",
    )


def test_an_entry_that_cannot_be_opened_is_a_note(tmp_path):
    Eye().load(tmp_path)
    path = the_entry(tmp_path)
    path.unlink()
    path.mkdir()  # even root cannot read a folder, nor put a file in its place
    loaded = Eye().load(tmp_path)
    assert loaded.notes[0] == f"the cached reference cannot be read (it is a folder, not a file): {path}"
    assert loaded.notes[1].startswith("the reference is not cached (Is a directory)")


# Where


def test_the_cache_follows_the_environment(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("GANZOO_CACHE", raising=False)
    assert cache_folder("references") == Path("/home/ada/.cache/ganzoo/references")
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    assert cache_folder("references") == Path("/cache/ganzoo/references")
    monkeypatch.setenv("GANZOO_CACHE", "~/statistics")
    assert cache_folder("references") == Path("/home/ada/statistics")


def test_the_default_folder_is_used(tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "here"))
    Eye().load(None)
    assert Eye().load(None).cached
    assert the_entry(tmp_path / "here").suffix == ".npz"


@pytest.mark.fault("there is no home directory at all", "a note, and the score is right")
def test_without_any_home_there_is_no_cache_and_a_note(monkeypatch):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("GANZOO_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    loaded = Eye().load(None)
    assert (loaded.cached, len(loaded.features.rows)) == (False, 40)
    assert loaded.notes == ("the reference is not cached: there is no home directory; set GANZOO_CACHE",)


# Many processes


WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from support.references import Eye, MANY, assert_same
folder, right = Path({folder!r}), Eye().load(Path({own!r}), MANY).features
while not (folder / "stop").exists():
    for path in folder.glob("*.npz"):
        path.unlink(missing_ok=True)
    for turn in range(3):
        loaded = Eye().load(folder, MANY)
        assert loaded.notes == (), loaded.notes
        assert_same(loaded.features, right)
"""


def start_writer(folder, own):
    code = WRITER.format(tests=str(ROOT / "tests"), folder=str(folder), own=str(own))
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, env=environment)


@pytest.mark.fault("three processes delete, write and read one cached reference", "all get the right answer")
@pytest.mark.full
def test_processes_that_write_and_read_one_entry_at_once_all_get_the_right_answer(tmp_path):
    """Two delete and write it again and again, and a third reads: none ever sees half an entry."""
    (folder := tmp_path / "cache").mkdir()
    right = Eye().load(tmp_path / "own", MANY).features
    ready = [tmp_path / f"own-{i}" for i in range(2)]
    writers = [start_writer(folder, own) for own in ready]
    found, notes = 0, ()
    try:
        while found < 30 and not notes and all(writer.poll() is None for writer in writers):
            if all(own.exists() for own in ready):
                loaded = Eye().load(folder, MANY)
                assert_same(loaded.features, right)
                found, notes = found + loaded.cached, loaded.notes
            time.sleep(0.005)
    finally:
        (folder / "stop").touch()
    errors = [writer.communicate(timeout=60)[1] for writer in writers]
    assert (errors, notes, found) == (["", ""], (), 30)
    assert list(folder.glob(".*")) == []  # no temporary file is left
