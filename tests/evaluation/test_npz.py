"""Arrays of images in npz files: read as they are, or refused in words."""

import io
import re
import zipfile

import numpy as np
import pytest
import torch

from ganzoo.data import npz
from ganzoo.errors import EvaluationError, ResourceError
from ganzoo.evaluation.image_sets import read_images
from support.image_files import make_zip, png, write
from support.image_sets import channels_first, noise, refusal


def save(path, *unnamed, **named):
    np.savez(path, *unnamed, **named)
    return path


@pytest.mark.parametrize("channels", [1, 3])
def test_channels_may_come_first_or_last(tmp_path, channels):
    pixels = noise(4, channels=channels)
    last = read_images(save(tmp_path / "last.npz", pixels))
    first = read_images(save(tmp_path / "first.npz", pixels.transpose(0, 3, 1, 2)))
    assert torch.equal(last.x, channels_first(pixels))
    assert torch.equal(first.x, channels_first(pixels))


def test_grey_images_may_come_without_channels(tmp_path):
    pixels = noise(4, channels=1)
    assert torch.equal(read_images(save(tmp_path / "a.npz", pixels[..., 0])).x, channels_first(pixels))


def test_compressed_files_are_read(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", noise(3))
    assert len(read_images(tmp_path / "a.npz").x) == 3


@pytest.mark.parametrize("names", [("x",), ("images", "labels"), ("arr_0", "arr_1"), ("arr_0", "images")])
def test_the_only_array_is_read_else_images_else_the_first_unnamed(tmp_path, names):
    pixels = noise(2)
    chosen = "images" if "images" in names else names[0]
    others = {name: np.zeros(2) for name in names if name != chosen}
    target = read_images(save(tmp_path / "a.npz", **{chosen: pixels}, **others))
    assert torch.equal(target.x, channels_first(pixels))
    assert sum(f"read the array {chosen} of " in note for note in target.notes) == len(names) - 1


WITH_NAN = np.where(noise(2) > 9, np.float32(0.5), np.float32("nan"))


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ({"x": noise(2).astype(np.float32)}, r"float32 \(2, 16, 16, 3\) from 0 to 255, whose range is not clear"),
        ({"x": WITH_NAN}, r"float32 \(2, 16, 16, 3\) with nan or inf, whose"),
        ({"x": noise(2).astype(np.int64)}, r"int64 \(2, 16, 16, 3\) from 0 to 255"),
        ({"x": np.zeros((2, 16, 16), bool)}, r"bool \(2, 16, 16\)"),
        ({"x": np.zeros((0, 16, 16, 3), np.float32)}, r"no image: float32 \(0, 16, 16, 3\)"),
        ({"x": np.array(["a.png"])}, r"<U5 \(1,\)"),
        ({"x": noise(2)[:0]}, r"no image: uint8 \(0, 16, 16, 3\)"),
        ({"x": noise(2)[:, :0]}, r"no image: uint8 \(2, 0, 16, 3\)"),
        ({"x": noise(2).reshape(2, -1)}, r"uint8 \(2, 768\)"),
        ({"x": np.uint8(3)}, r"uint8 \(\)"),
        ({"x": noise(2)[None]}, r"uint8 \(1, 2, 16, 16, 3\)"),
        ({"x": noise(2, channels=4)}, r"uint8 \(2, 16, 16, 4\)"),
        ({"x": noise(2)[:, :3]}, r"\(2, 3, 16, 3\), where channels may come first or last"),
        ({"x": noise(1)[0]}, r"\(16, 16, 3\), which may be one colour image: images\[None\]"),
        ({"x": noise(3, channels=1)[..., 0]}, r"\(3, 16, 16\), which may be one colour image"),
        ({"x": np.array([noise(1), "a"], dtype=object)}, "Python objects"),
        ({"mu": np.zeros(3), "sigma": np.eye(3)}, "mu, sigma, the statistics of images, and no array called images"),
        ({"fake": noise(2), "real": noise(2)}, r"2 arrays that may be the images: fake \(2, 16, 16, 3\), real"),
    ],
    ids=lambda value: re.sub(r"\W+", " ", value) if isinstance(value, str) else "",
)
def test_arrays_that_are_no_images_are_refused_with_what_was_found_and_what_is_expected(tmp_path, content, found):
    said = refusal(save(tmp_path / "a.npz", **content))
    assert re.search(f"a.npz holds {found}", said)
    assert "images of shape (N, H, W, C), (N, C, H, W) or (N, H, W), C = 1 or 3" in said


def test_files_that_are_no_npz_are_refused_with_what_they_are(tmp_path):
    whole = save(tmp_path / "whole.npz", noise(2)).read_bytes()
    np.save(bare := io.BytesIO(), noise(2))
    assert "a.npz is cut off" in refusal(write(tmp_path / "a.npz", whole[:-30]))
    assert "a.npz is a bare array" in refusal(write(tmp_path / "a.npz", bare.getvalue()))
    assert "a.npz is no npz file" in refusal(write(tmp_path / "a.npz", b"text"))
    assert "a.npz is no npz file" in refusal(write(tmp_path / "a.npz", b""))
    assert "a.npz holds other files, and no array" in refusal(make_zip(tmp_path / "a.npz", {"a.png": png()}))
    assert "a.npz holds nothing and no array" in refusal(make_zip(tmp_path / "a.npz", {}))


@pytest.mark.fault("a byte of an npz file is changed, anywhere", "it is refused, or harmless")
def test_damage_anywhere_is_refused_or_harmless(tmp_path):
    pixels = noise(2, size=8)
    whole = save(tmp_path / "a.npz", pixels).read_bytes()
    refused = 0
    for position in range(0, len(whole), 5):
        write(tmp_path / "a.npz", whole[:position] + bytes([whole[position] ^ 4]) + whole[position + 1 :])
        try:
            assert torch.equal(read_images(tmp_path / "a.npz").x, channels_first(pixels))
        except EvaluationError:
            refused += 1
    assert refused > len(whole) / 5 / 2


def test_an_array_that_claims_more_than_it_holds_is_damaged(tmp_path):
    header = (
        np.lib.format.magic(1, 0) + b"v\0" + b"{'descr': '|u1', 'fortran_order': False, 'shape': (9999999, 9999, 99), }"
    )
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("arr_0.npy", header.ljust(128) + b"\n")
    assert "a.npz is damaged (" in refusal(tmp_path / "a.npz")


@pytest.mark.fault("an npz file holds more than fits in memory", "it is refused unread")
def test_more_than_memory_holds_is_refused_unread(tmp_path, monkeypatch):
    path = save(tmp_path / "a.npz", noise(100))
    monkeypatch.setattr(npz, "available_bytes", lambda: 100_000)
    assert "a.npz holds 0.0 GiB of arrays" in refusal(path, ResourceError)
    monkeypatch.setattr(npz, "available_bytes", lambda: 200_000)
    assert len(read_images(path).x) == 100


def test_labels_beside_the_images_do_not_count_as_memory(tmp_path, monkeypatch):
    path = save(tmp_path / "a.npz", noise(10), np.zeros(100_000))
    monkeypatch.setattr(npz, "available_bytes", lambda: 20_000)
    assert len(read_images(path).x) == 10
