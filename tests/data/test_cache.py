"""Images decoded once into a cache: which entry is whose, damage, kills, full disks."""

import os
import shutil
import subprocess
import sys
import threading
import time

import pytest
import torch
from PIL import Image

from ganzoo.builtin.datasets import own_images
from ganzoo.data import cache, reading
from ganzoo.errors import ResourceError
from ganzoo.evaluation.evaluator import describe_reference
from ganzoo.runs.manifest import describe_data
from ganzoo.settings.sections import Choice
from support.image_files import load, load_zip, make_zip
from support.many_images import COUNT, MEMBERS, noise


def test_a_cached_dataset_is_that_of_memory_and_the_second_run_decodes_nothing(images, place, undecodable):
    resident, first = load(images), load(images, cache=True)
    undecodable()
    second = load(images, cache=True)
    for samples in (first, second):
        assert torch.equal(samples.x, resident.x) and torch.equal(samples.y, resident.y)
        assert samples.class_names == resident.class_names and samples.notes == resident.notes
        assert describe_data(samples) == describe_data(resident)
    assert sorted(path.suffix for path in place.iterdir()) == [".json", ".lock", ".pixels"]
    assert next(place.glob("*.pixels")).stat().st_size == COUNT * 3 * 8 * 8


def test_a_cache_of_an_archive_holds_for_a_copy_of_it_and_not_for_another(tmp_path, place, undecodable):
    one, copy = make_zip(tmp_path / "a.zip", MEMBERS), tmp_path / "b.zip"
    load_zip(one, cache=True)
    copy.write_bytes(one.read_bytes())
    other = make_zip(tmp_path / "c.zip", MEMBERS | {"class0/0000.png": noise(999)})
    assert not torch.equal(load_zip(other, cache=True).x, load_zip(one).x)
    undecodable()
    load_zip(copy, cache=True)
    assert len(list(place.glob("*.pixels"))) == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda path: (path / "class0/0000.png").write_bytes(noise(999)),
        lambda path: (path / "class0/0000.png").rename(path / "class0/zzzz.png"),
        lambda path: (path / "class0/0000.png").unlink(),
    ],
    ids=["content", "name", "number"],
)
def test_other_files_make_another_entry(images, place, change):
    load(images, cache=True)
    change(images)
    assert torch.equal(load(images, cache=True).x, load(images).x)
    assert len(list(place.glob("*.pixels"))) == 2


def test_what_decides_the_pixels_makes_another_entry_and_what_does_not_makes_none(images, place):
    load(images, cache=True)
    load(images, cache=True, bad_images="skip", workers=2)
    os.utime(images / "class0/0000.png", (0, 0))
    assert len(list(place.glob("*.pixels"))) == 1
    for options in ({"mode": "rgb"}, {"mode": "grey"}, {"background": "black"}, {"image_size": 16}):
        load(images, cache=True, **options)
    assert len(list(place.glob("*.pixels"))) == 5


def test_grey_images_have_an_entry_for_each_mode_and_no_entry_is_taken_for_damaged(tmp_path, place):
    grey = tmp_path / "grey"
    grey.mkdir()
    for number in range(3):
        Image.new("L", (8, 8), 40 * number).save(grey / f"{number}.png")
    for mode in ("auto", "rgb", "auto", "rgb"):
        assert load(grey, cache=True, mode=mode).notes == load(grey, mode=mode).notes == ()
    assert len(list(place.glob("*.pixels"))) == 2


def flip(path):
    with path.open("r+b") as file:
        file.seek(1000)
        byte = file.read(1)
        file.seek(1000)
        file.write(bytes([byte[0] ^ 1]))


@pytest.mark.fault("an entry of the cache of pixels is damaged", "it is decoded again with a note")
@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda pixels: os.truncate(pixels, 100), "100 bytes of 28,800"),
        (flip, "its content is not what was written"),
        (lambda pixels: pixels.with_suffix(".json").write_text("{"), "its record is damaged"),
        (lambda pixels: pixels.with_suffix(".json").write_text("{}"), "its record is damaged"),
    ],
    ids=["truncated", "flipped", "torn", "empty"],
)
def test_a_damaged_entry_is_decoded_again_with_a_note(images, place, damage, reason):
    load(images, cache=True)
    damage(next(place.glob("*.pixels")))
    repaired = load(images, cache=True)
    assert torch.equal(repaired.x, load(images).x)
    assert reason in repaired.notes[0] and "decoded again" in repaired.notes[0]
    assert load(images, cache=True).notes == ()


def test_pixels_without_their_record_count_for_nothing(images, place):
    load(images, cache=True)
    next(place.glob("*.json")).unlink()
    assert torch.equal(load(images, cache=True).x, load(images).x)
    assert len(list(place.glob("*.json"))) == 1


@pytest.mark.fault("a kill while images are decoded into the cache", "nothing of it counts")
def test_a_kill_while_decoding_leaves_nothing_that_counts(images, place, monkeypatch):
    monkeypatch.setattr(reading, "BLOCK_BYTES", 30 * 3 * 8 * 8)
    decode, calls = reading.decode_into, []

    def decode_two_blocks(*arguments):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return decode(*arguments)

    monkeypatch.setattr(reading, "decode_into", decode_two_blocks)
    with pytest.raises(KeyboardInterrupt):
        load(images, cache=True)
    assert [path.suffix for path in place.iterdir()] == [".lock"]
    (left,) = [place / f".{next(place.iterdir()).stem}.pixels.tmp-1"]  # as SIGKILL leaves it
    left.write_bytes(b"half")
    load(images, cache=True)
    assert sorted(path.suffix for path in place.iterdir()) == [".json", ".lock", ".pixels"]


@pytest.mark.fault("two runs fill one cache at once", "images are decoded once")
def test_two_at_once_decode_once(images, place, monkeypatch):
    decoded = []
    read_blocks = reading.read_blocks

    def counted(files, look, survey):
        decoded.append(len(files))
        time.sleep(0.2)  # long enough for both to have missed the entry
        return read_blocks(files, look, survey)

    monkeypatch.setattr(own_images, "read_blocks", counted)
    found = []
    threads = [threading.Thread(target=lambda: found.append(load(images, cache=True).x)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert decoded == [COUNT]
    assert all(torch.equal(x, found[0]) for x in found) and len(found) == 3


@pytest.mark.fault("too little space for the cache of pixels", "exit 9 before anything is decoded")
def test_a_full_disk_is_refused_before_anything_is_decoded(images, place, monkeypatch, undecodable):
    undecodable()
    monkeypatch.setattr(cache.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1000, 900, 100))
    with pytest.raises(ResourceError, match="the cache cannot be written: no space left on device") as caught:
        load(images, cache=True)
    assert caught.value.exit_code == 9 and "GANZOO_CACHE=DIR" in caught.value.hint
    assert list(place.glob("*.pixels")) == []


LIMITED = """
import resource, sys
from ganzoo.builtin.datasets.own_images import Folder
from ganzoo.errors import ResourceError
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, resource.RLIM_INFINITY))
try:
    Folder(sys.argv[1], image_size=8, cache=True).load()
except ResourceError as error:
    print(error)
"""


def test_a_disk_that_refuses_to_take_more_leaves_nothing_behind(images, place):
    words = [sys.executable, "-W", "error", "-c", LIMITED, str(images)]
    shown = subprocess.run(words, capture_output=True, text=True, check=True, env=dict(os.environ))
    assert shown.stdout.startswith("the cache cannot be written: file too large")
    assert [path.suffix for path in place.iterdir()] == [".lock"]


@pytest.mark.fault("a cache that cannot be written", "it serves what it has")
def test_a_cache_that_cannot_be_written_still_serves_what_it_has(images, place, undecodable):
    load(images, cache=True)
    for path in place.iterdir():
        path.chmod(0o444)
    undecodable()
    next(place.glob("*.lock")).unlink()
    place.chmod(0o555)
    try:
        assert len(load(images, cache=True)) == COUNT
    finally:
        place.chmod(0o755)


MEASURED = """
import sys, torch
from ganzoo.machine import limits
from ganzoo.data import reading
from ganzoo.builtin.datasets.own_images import Folder
from ganzoo.training.feed import Feed

def resident_bytes():  # anonymous pages: those of files can be dropped at any time
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))

torch.set_num_threads(1)
limits.available_bytes = lambda: 2**20
reading.BLOCK_BYTES = 2**22
Folder(sys.argv[1], image_size=8).load()  # what reading itself takes
before = resident_bytes()
samples = Folder(sys.argv[1], image_size=256, cache=sys.argv[2] == "cached").load()
feed = Feed(samples, 0, torch.device("cpu"))
most = 0
for _ in range(len(samples) // 8 + 5):
    feed.next(8)
    most = max(most, resident_bytes())
samples.digests
feed.close()
print(len(samples) * 3 * 256**2, most - before)
"""


@pytest.mark.timeout(180)
@pytest.mark.parametrize("way", ["streamed", pytest.param("cached", marks=pytest.mark.full)])
def test_what_does_not_fit_is_never_held(images, place, way):
    originals = list(images.iterdir())
    for i in range(1):
        for original in originals:
            shutil.copytree(original, images / f"more{i}" / original.name)
    words = [sys.executable, "-W", "error", "-c", MEASURED, str(images), way]
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": str(2**20)}  # what is freed goes back at once
    shown = subprocess.run(words, capture_output=True, text=True, check=True, env=environment)
    whole, held = map(int, shown.stdout.split())
    assert whole == 300 * 3 * 256**2  # 59 MB
    assert held < whole / 4


def test_the_folder_of_the_cache_is_the_users(monkeypatch, tmp_path):
    monkeypatch.delenv("GANZOO_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.find_folder() == tmp_path / "ganzoo" / "images"


def test_options_of_where_and_how_pixels_are_kept_do_not_change_a_protocol(images, place, zoo):
    chosen = [
        Choice("folder", {"path": str(images), "image_size": 8, **options})
        for options in ({}, {"cache": True}, {"workers": 2})
    ]
    plain, cached, other = (describe_reference(zoo.create("dataset", c).load(), c, zoo) for c in chosen)
    assert plain == cached == other
