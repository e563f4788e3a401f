"""Zip archives of images, harmless and crafted."""

import stat
import time
import zipfile

import pytest
import torch

from ganzoo.errors import DataError
from support.image_files import GREEN, RED, load, load_zip, make_zip, png, write


def test_an_archive_reads_as_the_same_folder(tmp_path):
    members = {"b/2.png": png(RED), "a/1.png": png(GREEN), "__MACOSX/a/._1.png": b"junk"}
    for name, data in members.items():
        write(tmp_path / "folder" / name, data)
    folder, archive = load(tmp_path / "folder"), load_zip(make_zip(tmp_path / "a.zip", members))
    assert torch.equal(folder.x, archive.x)
    assert torch.equal(folder.y, archive.y)
    assert folder.class_names == archive.class_names == ("a", "b")


def test_a_folder_around_all_classes_is_left_out(tmp_path):
    members = {"data/b/1.png": png(), "data/a/1.png": png(), "data/readme.txt": b"x", "data/c/": b""}
    samples = load_zip(make_zip(tmp_path / "a.zip", members))
    assert samples.class_names == ("a", "b")
    assert samples.notes == ("ignored, no images: data/readme.txt", "class c has no images")


@pytest.mark.parametrize("name", ["../x.png", "/etc/x.png", "a/../../x.png", "..\\x.png", "C:/x.png"])
def test_entries_that_escape_are_refused(tmp_path, name):
    make_zip(tmp_path / "a.zip", {"ok.png": png(), name: png()})
    with pytest.raises(DataError, match="archive entry escapes target") as caught:
        load_zip(tmp_path / "a.zip")
    assert name in caught.value.what
    assert list(tmp_path.iterdir()) == [tmp_path / "a.zip"]


@pytest.mark.fault("a zip archive has links", "exit 3 with their names", "F78")
def test_links_in_archives_are_refused(tmp_path):
    entry = zipfile.ZipInfo("link.png")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    make_zip(tmp_path / "a.zip", {entry: b"/etc/passwd"})
    with pytest.raises(DataError, match=r"archive entry is a link: link\.png"):
        load_zip(tmp_path / "a.zip")


def test_encrypted_entries_are_refused(tmp_path):
    data = bytearray(make_zip(tmp_path / "a.zip", {"a.png": png()}).read_bytes())
    data[data.index(b"PK\1\2") + 8] |= 1  # the flag in the central directory
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(DataError, match=r"archive entry is encrypted: a\.png"):
        load_zip(tmp_path / "a.zip")


@pytest.mark.fault("a zip archive expands to a hundred times its size", "exit 3 before it expands", "F79")
def test_a_zip_bomb_is_refused_before_it_expands(tmp_path):
    zeros = bytes(2**24)
    make_zip(tmp_path / "a.zip", {f"{i}.png": zeros for i in range(6)})
    start = time.perf_counter()
    with pytest.raises(DataError, match=r"a\.zip expands to 96 MiB \(> "):
        load_zip(tmp_path / "a.zip")
    assert time.perf_counter() - start < 1.0


@pytest.mark.fault("a bit of a zipped image is flipped", "it is an unreadable image")
def test_a_member_with_a_flipped_bit_is_unreadable(tmp_path):
    data = bytearray(make_zip(tmp_path / "a.zip", {"a.png": png(), "b.png": png()}).read_bytes())
    data[60] ^= 0xFF
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(DataError, match=r"1 of 2 images unreadable: a\.png"):
        load_zip(tmp_path / "a.zip")
    assert len(load_zip(tmp_path / "a.zip", bad_images="skip")) == 1


@pytest.mark.fault("a zip archive is empty, cut short or not there", "exit 3 with its name")
@pytest.mark.parametrize("content", [b"", b"PK\3\4 but no more", None])
def test_what_is_no_archive_is_refused(tmp_path, content):
    if content is not None:
        (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(DataError, match=r"cannot open .*a\.zip as a zip archive"):
        load_zip(tmp_path / "a.zip")
