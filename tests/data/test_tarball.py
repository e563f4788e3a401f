"""Tar archives of images, plain and compressed, harmless and crafted."""

import io
import tarfile

import pytest
import torch

from ganzoo.data import archive, reading
from ganzoo.errors import DataError
from support.image_files import GREEN, RED, load_tar, make_tar, png
from support.many_images import MEMBERS


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
def test_a_compressed_archive_is_that_of_a_plain_one(tmp_path, mode):
    plain = load_tar(make_tar(tmp_path / "a.tar", MEMBERS))
    other = load_tar(make_tar(tmp_path / f"a.tar.{mode[2:]}", MEMBERS, mode))
    assert torch.equal(plain.x, other.x)
    assert torch.equal(plain.y, other.y)
    assert plain.class_names == other.class_names


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_an_archive_streams_as_it_loads(tmp_path, monkeypatch, mode):
    path = make_tar(tmp_path / "a.tar", MEMBERS, mode)
    resident = load_tar(path)
    monkeypatch.setattr("ganzoo.machine.limits.available_bytes", lambda: 1000)
    streamed = load_tar(path, workers=1)
    assert streamed.digests == resident.digests
    assert torch.equal(next(streamed.x.stream(iter(range(50)))), resident.x[:50])


@pytest.mark.fault("a tar archive has links and devices", "exit 3 with their names", "F78")
@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(tmp_path, kind):
    entry = tarfile.TarInfo("a.png")
    entry.type, entry.linkname = kind, "/etc/passwd"
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        tar.addfile(entry)
    with pytest.raises(DataError, match=r"archive entry is (a link|neither a file nor a folder): a\.png"):
        load_tar(tmp_path / "a.tar")


@pytest.mark.fault("a compressed tar expands without end", "exit 3 before it expands whole", "F79")
def test_a_bomb_is_refused_before_it_is_expanded_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "FREE_BYTES", 2**20)
    path = make_tar(tmp_path / "a.tgz", {"a.png": bytes(2**23)}, "w:gz")
    with pytest.raises(DataError, match=r"a\.tgz expands to \d MiB \(> "):
        load_tar(path)


def test_an_archive_that_is_cut_is_no_archive_or_has_an_unreadable_image(tmp_path):
    data = make_tar(tmp_path / "a.tar", {"a.png": png(RED), "b.png": png(GREEN)}).read_bytes()
    (tmp_path / "a.tar").write_bytes(data[: 512 + 40])
    with pytest.raises(DataError, match=r"cannot open .*a\.tar as a tar archive"):
        load_tar(tmp_path / "a.tar")


@pytest.mark.fault("a tar archive is empty, cut short or not there", "exit 3 with its name")
@pytest.mark.parametrize("content", [b"", b"PK\3\4 a zip", b"\x1f\x8b but no more", None])
def test_what_is_no_archive_is_refused(tmp_path, content):
    if content is not None:
        (tmp_path / "a.tar").write_bytes(content)
    with pytest.raises(DataError, match=r"cannot open .*a\.tar as a tar archive"):
        load_tar(tmp_path / "a.tar")


def test_images_lie_where_another_reader_finds_them(tmp_path, monkeypatch):
    seen = []
    decode = reading.decode_image
    monkeypatch.setattr(reading, "decode_image", lambda data, *rest: seen.append(data) or decode(data, *rest))
    members = {f"{i}.png": png((i, 0, 0), size=(9 + i, 9 + i)) for i in range(5)}
    load_tar(make_tar(tmp_path / "a.tar", members))
    with tarfile.open(tmp_path / "a.tar") as tar:
        assert seen == [io.BytesIO(tar.extractfile(name).read()).getvalue() for name in sorted(members)]
