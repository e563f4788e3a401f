"""A folder of images, a cache, and little memory."""

import pytest

from ganzoo.data import reading
from ganzoo.machine import limits
from support.image_files import write
from support.many_images import MEMBERS


@pytest.fixture
def images(tmp_path):
    for name, data in MEMBERS.items():
        write(tmp_path / "images" / name, data)
    return tmp_path / "images"


@pytest.fixture
def little_memory(monkeypatch):
    """Free memory of which no dataset here takes less than half."""
    monkeypatch.setattr(limits, "available_bytes", lambda: 1000)


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "images"


@pytest.fixture
def undecodable(monkeypatch):
    """Return a function after which decoding an image fails the test."""

    def forbid():
        monkeypatch.setattr(reading, "decode_image", lambda *_, **__: pytest.fail("an image was decoded"))

    return forbid
