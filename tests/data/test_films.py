"""Films have their frames in order, exactly where the format allows, and say what they need."""

import sys

import numpy as np
import pytest
import torch
from PIL import Image

from ganzoo.data.films import check_film, write_film
from ganzoo.errors import FolderError

GREYS = [0, 40, 80, 120, 160, 200]


def frames(channels=1, size=256):
    return iter([torch.full((channels, size, size), grey, dtype=torch.uint8) for grey in GREYS])


def read(path):
    with Image.open(path) as film:
        durations, middles = [], []
        for number in range(film.n_frames):
            film.seek(number)
            middles.append(int(np.asarray(film.convert("L"))[128, 128]))
            durations.append(film.info["duration"])
        return middles, durations, film.info["loop"], film.size


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_film_has_its_frames_at_their_speed_without_end(tmp_path, suffix, channels):
    middles, durations, loop, size = read(write_film(tmp_path / f"a{suffix}", frames(channels), 20))
    assert middles == pytest.approx(GREYS, abs=1)
    assert (set(durations), loop, size) == ({50}, 0, (256, 256))


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
@pytest.mark.parametrize("channels", [1, 3])
def test_equal_frames_stay_as_many_as_they_are(tmp_path, suffix, channels):
    noise = torch.randint(0, 256, (channels, 256, 256), generator=torch.Generator().manual_seed(0))
    path = write_film(tmp_path / f"a{suffix}", iter([noise.to(torch.uint8)] * 5), 20)
    assert len(read(path)[0]) == 5


def test_small_frames_are_enlarged_pixel_by_pixel(tmp_path):
    frame = torch.arange(64, dtype=torch.uint8).reshape(1, 8, 8)
    path = write_film(tmp_path / "a.gif", iter([frame, 255 - frame]), 10)
    with Image.open(path) as film:
        assert film.size == (256, 256)
        assert (np.asarray(film.convert("L"))[::32, ::32] == frame[0].numpy()).all()


def test_frames_have_the_scale_that_is_asked_for(tmp_path):
    path = write_film(tmp_path / "a.webp", frames(size=16), 10, scale=3)
    with Image.open(path) as film:
        assert film.size == (48, 48)


def test_mp4_without_pyav_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.setattr("ganzoo.data.films.find_spec", lambda name: None)
    with pytest.raises(FolderError, match="MP4 needs PyAV") as caught:
        check_film(tmp_path / "walk.mp4", 20)
    assert caught.value.hint == "pip install 'ganzoo-torch[film]', or -o walk.gif"


def test_a_gif_is_refused_speeds_that_it_cannot_have(tmp_path):
    check_film(tmp_path / "a.gif", 50)
    check_film(tmp_path / "a.webp", 60)
    with pytest.raises(FolderError, match="at most 50 frames a second, not 60"):
        check_film(tmp_path / "a.gif", 60)


@pytest.mark.parametrize("size", [128, 131])
def test_an_mp4_has_its_frames(tmp_path, size):
    av = pytest.importorskip("av")
    with av.open(str(write_film(tmp_path / "a.mp4", frames(3, size), 10))) as film:
        middles = [int(frame.to_ndarray(format="gray")[64, 64]) for frame in film.decode(video=0)]
        assert film.streams.video[0].average_rate == 10
    assert middles == pytest.approx(GREYS, abs=4)
