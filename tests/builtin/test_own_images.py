"""Folders of images: classes, links, odd names, and what cannot be read."""

import io
import os
import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

from ganzoo.builtin.datasets.own_images import Folder
from ganzoo.data.classes import sort_into_classes
from ganzoo.data.decoding import MAX_BYTES
from ganzoo.data.folder import list_folder
from ganzoo.errors import DataError, ResourceError
from ganzoo.machine import limits
from support.image_files import BLUE, GREEN, RED, load, png, write

# Folders and classes


def test_subfolders_are_classes_sorted_by_name_whatever_the_order_of_creation(tmp_path):
    for name, colour in {"c/x.png": BLUE, "a/deep/er/2.png": RED, "b/1.png": GREEN, "a/1.png": GREEN}.items():
        write(tmp_path / name, png(colour))
    samples = load(tmp_path)
    assert samples.class_names == ("a", "b", "c")
    assert samples.y.tolist() == [0, 0, 1, 2]
    assert samples.y.dtype == torch.int64
    assert [tuple(x[:, 0, 0].tolist()) for x in samples.x] == [GREEN, RED, GREEN, BLUE]
    assert samples.spec.shape == (3, 8, 8)
    assert samples.notes == ()


@pytest.mark.fault("images lie in the folder itself", "they are one class", "F67")
def test_a_flat_folder_is_one_class(tmp_path):
    write(tmp_path / "b.png", png(BLUE))
    write(tmp_path / "a.JPG", png(RED))
    (tmp_path / "logs").mkdir()
    samples = load(tmp_path)
    assert (samples.class_names, samples.y.tolist()) == (("unlabelled",), [0, 0])
    assert samples.x[0, :, 0, 0].tolist() == [255, 0, 0]  # a.JPG comes first


def test_images_beside_class_folders_are_refused_by_name(tmp_path):
    write(tmp_path / "stray.png")
    write(tmp_path / "c0/a.png")
    with pytest.raises(DataError, match=r"beside and inside(.|\n)*stray\.png; c0/a\.png"):
        load(tmp_path)


@pytest.mark.fault("a class folder is empty", "a note, and it gets no label", "F69")
def test_an_empty_class_folder_is_noted_and_gets_no_label(tmp_path):
    write(tmp_path / "b/a.png")
    (tmp_path / "a").mkdir()
    samples = load(tmp_path)
    assert samples.class_names == ("b",)
    assert samples.notes == ("class a has no images",)


@pytest.mark.fault("a dataset folder is empty, missing or a file", "exit 3 with what is looked for", "F66")
@pytest.mark.parametrize("name", ["missing", "empty", "file.png"])
def test_a_path_without_images_is_refused(tmp_path, name):
    (tmp_path / "empty").mkdir()
    write(tmp_path / "file.png")
    with pytest.raises(DataError, match=f"no images found in .*{name}") as caught:
        load(tmp_path / name)
    assert caught.value.exit_code == 3


@pytest.mark.fault("hidden folders, `__MACOSX`, `._` files and Thumbs.db among images", "they are ignored", "F70")
def test_hidden_and_system_files_are_ignored_and_other_files_are_noted(tmp_path):
    write(tmp_path / "c0/a.png")
    for name in ("c0/._a.png", "c0/Thumbs.db", ".ipynb_checkpoints/a.png", "__MACOSX/c0/a.png", ".DS_Store"):
        write(tmp_path / name, b"junk")
    write(tmp_path / "words.txt", b"x")
    samples = load(tmp_path)
    assert (len(samples), samples.class_names) == (1, ("c0",))
    assert samples.notes == ("ignored, no images: words.txt",)


@pytest.mark.fault(
    "class folders named as a script, with a newline or not in UTF-8",
    "they load, and can be printed on one line",
    "F84",
)
@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "two\nlines", os.fsdecode(b"caf\xe9"), "naïve"])
def test_odd_class_names_load_and_can_be_printed_on_one_line(tmp_path, name):
    write(tmp_path / name.replace("/", ":") / "a.png")
    (class_name,) = load(tmp_path).class_names
    assert class_name.encode("utf-8").decode().isprintable()
    assert class_name[:3] == name[:3]


@pytest.mark.fault("links to folders form a loop", "each folder is read once", "F76")
def test_a_link_loop_is_visited_once(tmp_path):
    write(tmp_path / "c0/a.png")
    (tmp_path / "c0/loop").symlink_to("..")
    (tmp_path / "again").symlink_to("c0")  # sorts before c0, and yet is the link
    samples = load(tmp_path)
    assert (len(samples), samples.class_names) == (1, ("c0",))
    assert samples.notes == ("links to folders that were read already: again, c0/loop",)


def test_linked_folders_and_files_are_followed(tmp_path):
    write(tmp_path / "store/a.png")
    (tmp_path / "data/c0").mkdir(parents=True)
    (tmp_path / "data/c0/b.png").symlink_to(tmp_path / "store/a.png")
    (tmp_path / "data/c1").symlink_to(tmp_path / "store")
    assert load(tmp_path / "data").y.tolist() == [0, 1]


def test_images_decoded_by_several_threads_keep_their_order(tmp_path, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    for i in range(60):
        noise = np.random.default_rng(i).integers(0, 256, (64, 64), dtype=np.uint8)
        noise[:8, :8] = i
        Image.fromarray(noise).save(tmp_path / f"{i:02}.png")  # over 4 KiB each
    assert load(tmp_path, image_size=64).x[:, 0, 0, 0].tolist() == list(range(60))


# Unreadable images


def damage(path):
    """Ten images, four of them unreadable, each in its own way."""
    for i in range(6):
        write(path / f"c0/{i}.png")
    noise = np.random.default_rng(0).integers(0, 255, (32, 32, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, "PNG")
    write(path / "c0/cut.png", stream.getvalue()[:1500])
    write(path / "c0/garbage.png", b"not an image")
    write(path / "c0/void.png", b"")
    (path / "c1").mkdir()
    (path / "c1/gone.png").symlink_to("/nowhere.png")


@pytest.mark.fault("images are truncated, garbage or empty", "exit 3 with names and reasons", "F65")
def test_unreadable_images_are_refused_by_name_with_reasons(tmp_path):
    damage(tmp_path)
    with pytest.raises(DataError) as caught:
        load(tmp_path)
    reasons = "c0/cut.png (truncated), c0/garbage.png (no image, or a damaged one), c0/void.png (empty file)"
    assert caught.value.what == f"4 of 10 images unreadable: {reasons} and 1 more"
    assert caught.value.hint == "--set dataset.bad_images=skip"


@pytest.mark.fault(
    "images are truncated, garbage or empty, and dataset.bad_images=skip",
    "the others are loaded, and a note counts what is gone",
    "F65",
)
def test_skipping_unreadable_images_keeps_the_others_and_notes_what_is_gone(tmp_path):
    damage(tmp_path)
    samples = load(tmp_path, bad_images="skip")
    assert (len(samples), len(samples.y), samples.class_names) == (6, 6, ("c0",))
    assert (samples.x[:, 0] == 255).all()
    assert (samples.x[:, 1:] == 0).all()
    assert samples.notes[0].startswith("4 of 10 images unreadable: c0/cut.png (truncated)")
    assert "class c1 has no images" in samples.notes


@pytest.mark.fault("links lead nowhere or to themselves", "they are unreadable images", "F76")
def test_a_dangling_link_is_unreadable(tmp_path):
    (tmp_path / "a.png").symlink_to("/nowhere.png")
    (tmp_path / "b.png").symlink_to("b.png")
    with pytest.raises(DataError, match=r"a\.png \(dangling link\), b\.png \(too many levels of symbolic links\)"):
        load(tmp_path, bad_images="skip")  # nothing is left


@pytest.mark.fault("a named pipe lies among the images", "it is refused and does not block")
def test_a_named_pipe_is_unreadable_and_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(DataError, match="it is a pipe, not a file"):
        load(tmp_path)


def bomb(side):
    """A PNG header of side x side pixels, without the pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    data = b"IDAT" + zlib.compress(b"\0")
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))


@pytest.mark.fault("an image claims 15,000 x 15,000 pixels", "exit 3 before it is decoded", "F77")
@pytest.mark.parametrize("side", [9_500, 15_000])  # Pillow warns of the first, and raises for the second
def test_decompression_bombs_are_refused(tmp_path, side):
    write(tmp_path / "bomb.png", bomb(side))
    with pytest.raises(DataError, match=r"bomb\.png \(image too large"):
        load(tmp_path)


@pytest.mark.fault("an image file is larger than the limit", "it is refused unread")
def test_a_huge_file_is_refused_unread(tmp_path):
    with (tmp_path / "a.tif").open("wb") as file:
        file.truncate(MAX_BYTES + 1)  # sparse
    with pytest.raises(DataError, match="more than 268,435,456"):
        load(tmp_path)


def test_more_images_than_memory_are_refused_with_a_size_that_fits_where_all_are_needed(tmp_path, monkeypatch):
    write(tmp_path / "a.png")
    monkeypatch.setattr(limits, "available_bytes", lambda: 2 * 3 * 500**2)
    with pytest.raises(ResourceError) as caught:
        Folder(str(tmp_path), image_size=512).decode_all(sort_into_classes(list_folder(tmp_path), "photos"))
    assert (caught.value.hint, caught.value.exit_code) == ("--image-size 496", 9)


def test_free_memory_is_known_here():
    assert 2**24 < limits.available_bytes() < 2**50
