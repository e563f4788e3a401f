"""Files with wrong bytes: each is refused in words, or read as it was; never a traceback, and never another dataset."""

import io
import json
import resource

import numpy as np
import pytest
import torch

from ganzoo.builtin.datasets.arrays import Npz
from ganzoo.builtin.datasets.own_images import Folder, Tar, Zip
from ganzoo.builtin.features.fidelity import INCEPTION
from ganzoo.builtin.features.weights import find, plain_tensors
from ganzoo.errors import GanzooError
from ganzoo.evaluation.statistics import read_statistics
from ganzoo.settings.toml import from_tables, read_toml
from support.image_files import make_folder, make_tar, make_zip, png
from support.image_sets import noise
from support.references import Eye, assert_same

SHADES = {f"c{number % 2}/{number}.png": png((40 * number, 9, 9)) for number in range(6)}
LABELS = {"labels": [[f"{number}.png", number % 2] for number in range(6)]}
FLAT = {f"{number}.png": png((40 * number, 9, 9)) for number in range(6)}
MEGABYTES = 300
"""Memory that all cases of one kind may take together."""


def mutate(data, seed):
    """Return bytes with one fault: flipped, cut, lost, repeated, zeroed, or made a size without end."""
    draws = np.random.default_rng(seed)
    place, length = int(draws.integers(len(data))), int(draws.integers(1, 64))
    before, part, after = data[:place], data[place : place + length], data[place + length :]
    return [
        before + bytes([data[place] ^ (1 << int(draws.integers(8)))]) + data[place + 1 :],
        before,
        before + after,
        before + part + part + after,
        before + bytes(len(part)) + after,
        before + (b"\xff" * 8)[: len(part)] + data[place + min(8, len(part)) :],
        data + part,
        data[: place // 512 * 512],
    ][seed % 8]


def write_statistics(path):
    np.savez(path, mu=np.zeros(6), sigma=np.eye(6), count=np.array(99), features=np.array("eye"))


def write_weights(path):
    torch.save({"a": torch.ones(30), "b": torch.arange(6)}, path)


def pixels(samples):
    """Images, labels and classes; None if a note says that a file is left out for its name."""
    left_out = any(note.startswith("ignored") for note in samples.notes)
    return None if left_out else (samples.x, samples.y, samples.class_names)


KINDS = {
    "zip": ("x.zip", lambda path: make_zip(path, SHADES), lambda path: pixels(Zip(str(path), 8).load())),
    "tar": ("x.tar", lambda path: make_tar(path, SHADES), lambda path: pixels(Tar(str(path), 8).load())),
    "tar.gz": ("x.tgz", lambda path: make_tar(path, SHADES, "w:gz"), lambda path: pixels(Tar(str(path), 8).load())),
    "npz": (
        "x.npz",
        lambda path: np.savez_compressed(path, images=noise(12, size=8), labels=np.arange(12) % 2),
        lambda path: pixels(Npz(str(path)).load()),
    ),
    "statistics": (
        "s.npz",
        write_statistics,
        lambda path: (read_statistics(path).mean, read_statistics(path).covariance),
    ),
}
"""Files whose content is protected by a checksum: name, writer, and what a reader makes of them."""
UNPROTECTED = {
    "png": (
        "c/a.png",
        lambda path: path.write_bytes(FLAT["1.png"]),
        lambda path: pixels(Folder(str(path.parent), 8).load()),
    ),
    "weights": ("w.pth", write_weights, lambda path: plain_tensors(find(INCEPTION, str(path)))),
    "recipe": (
        "r.toml",
        lambda path: path.write_text("[model]\nname = 'mlp'\nwidth = 16\n[optim]\nlr_g = 1e-4\nbatch_size = 8\n"),
        lambda path: from_tables(read_toml(path)),
    ),
    "dataset.json": (
        "c/dataset.json",
        lambda path: path.write_text(json.dumps(LABELS)),
        lambda path: Folder(str(path.parent), 8).load(),
    ),
    "labels.csv": (
        "c/labels.csv",
        lambda path: path.write_text("file_name,label\n" + "".join(f"{n}.png,{n % 2}\n" for n in range(6))),
        lambda path: Folder(str(path.parent), 8).load(),
    ),
}
"""Files of which a reader cannot know that a byte is wrong; Pillow compares no checksum of pixels."""


def same(one, other):
    """Whether two results of a reader agree: tensors, names and numbers."""
    return len(one) == len(other) and all(
        torch.equal(a, b) if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor) else a == b
        for a, b in zip(one, other, strict=True)
    )


def fuzz(tmp_path, name, make, read, cases):
    """Yield what a reader returns for each mutation of a file that it does not refuse in words."""
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    for image, data in FLAT.items() if name.startswith("c/") and not name.endswith("png") else ():
        (path.parent / image).write_bytes(data)
    make(path)
    whole, before = path.read_bytes(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield read(path)
    for seed in cases:
        path.write_bytes(mutate(whole, seed))
        try:
            yield read(path)
        except GanzooError as error:
            assert str(error) and "Traceback" not in str(error)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MEGABYTES * 1024


CASES = [range(40), pytest.param(range(40, 1000), marks=pytest.mark.full)]


@pytest.mark.fault("bytes of an archive, an array or an image are wrong, lost or repeated", "exit 3, or what was there")
@pytest.mark.parametrize("cases", CASES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_with_wrong_bytes_is_refused_or_read_as_it_was(tmp_path, kind, cases):
    results = fuzz(tmp_path, *KINDS[kind], cases)
    whole = next(results)
    assert all(result is None or same(whole, result) for result in results)


@pytest.mark.fault("bytes of a recipe, of labels or of weights are wrong", "they are refused in words, or read")
@pytest.mark.parametrize("cases", CASES)
@pytest.mark.parametrize("kind", UNPROTECTED)
def test_a_text_with_wrong_bytes_is_refused_or_read(tmp_path, kind, cases):
    assert len(list(fuzz(tmp_path, *UNPROTECTED[kind], cases))) > 0


@pytest.mark.fault("bytes of a cached reference are wrong, lost or repeated", "it is computed again")
@pytest.mark.parametrize("cases", CASES)
def test_a_cached_reference_with_wrong_bytes_is_the_same_or_computed_again(tmp_path, cases):
    right = Eye().load(tmp_path)
    (entry,) = tmp_path.glob("*.npz")
    whole = entry.read_bytes()
    for seed in cases:
        entry.write_bytes(mutate(whole, seed))
        assert_same(Eye().load(tmp_path).features, right.features)


@pytest.mark.fault("bytes of the record of cached images are wrong, lost or repeated", "they are decoded again")
@pytest.mark.parametrize("cases", CASES)
def test_cached_images_whose_record_has_wrong_bytes_are_the_same(tmp_path, monkeypatch, cases):
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    make_folder(tmp_path / "images", SHADES)
    right = Folder(str(tmp_path / "images"), 8, cache=True).load()
    (record,) = (tmp_path / "cache").rglob("*.json")
    whole = record.read_bytes()
    for seed in cases:
        record.write_bytes(mutate(whole, seed))
        assert Folder(str(tmp_path / "images"), 8, cache=True).load().digests == right.digests


@pytest.mark.fault("a label nests a thousand levels deep", "exit 3 with the name of the file")
def test_labels_that_nest_too_deeply_are_refused(tmp_path):
    make_folder(tmp_path, FLAT)
    (tmp_path / "dataset.json").write_text('{"labels": ' + "[" * 100_000 + "]" * 100_000 + "}")
    with pytest.raises(GanzooError, match=r"dataset\.json cannot be read"):
        Folder(str(tmp_path), 8).load()


@pytest.mark.fault("a tar is cut off, or zero or wrong in the middle", "exit 3 instead of fewer images")
@pytest.mark.parametrize("damage", ["zeros", "end", "header"])
def test_a_tar_that_ends_too_early_is_refused_and_not_shorter(tmp_path, damage):
    data = bytearray(make_tar(tmp_path / "x.tar", SHADES).read_bytes())
    if damage == "zeros":
        data[1024:1536] = bytes(512)
    elif damage == "end":
        data = data[:3072]
    else:
        data[1024] ^= 1
    (tmp_path / "x.tar").write_bytes(bytes(data))
    with pytest.raises(GanzooError, match=r"cannot open .* as a tar archive") as caught:
        Tar(str(tmp_path / "x.tar"), 8).load()
    assert "behind its entry" in str(caught.value)


@pytest.mark.fault("an array says that it is larger than its file, or than the memory", "exit 3, or 9 with the room")
def test_an_array_that_memory_does_not_hold_is_no_damage(tmp_path, monkeypatch):
    np.savez(tmp_path / "x.npz", images=noise(12, size=8))
    monkeypatch.setattr("ganzoo.data.npz.available_bytes", lambda: 2000)
    with pytest.raises(GanzooError, match=r"x\.npz holds 0\.0 GiB of arrays") as caught:
        Npz(str(tmp_path / "x.npz")).load()
    assert caught.value.exit_code == 9
    monkeypatch.setattr("ganzoo.data.npz.available_bytes", lambda: 2**40)
    monkeypatch.setattr(np.lib.npyio.NpzFile, "__getitem__", lambda *_: (_ for _ in ()).throw(MemoryError()))
    for read in (lambda path: Npz(str(path)).load(), read_statistics):
        with pytest.raises(GanzooError, match="not enough memory to read") as caught:
            read(tmp_path / "x.npz")
        assert caught.value.exit_code == 9


def test_an_array_whose_header_says_more_than_is_there_is_cut_off(tmp_path):
    stream = io.BytesIO()
    np.save(stream, noise(12, size=8))
    data = stream.getvalue().replace(b"(12, 8, 8, 3)", b"(1200000,8,8)")
    make_zip(tmp_path / "x.npz", {"images.npy": data})
    with pytest.raises(GanzooError, match=r"images\.npy is cut off: 2,304 bytes of"):
        Npz(str(tmp_path / "x.npz")).load()
