"""Images that do not fit in memory: streamed in the same order and by the same bytes, or decoded once into a cache."""

import io
import json
import multiprocessing
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from ganzoo import machine
from ganzoo.builtin.datasets import own_images
from ganzoo.cli import cli
from ganzoo.contracts import Samples
from ganzoo.data import cache, reading
from ganzoo.data.samples import LazyImages, hash_samples
from ganzoo.errors import DataError, ResourceError
from ganzoo.evaluation.evaluator import describe_reference
from ganzoo.runs.manifest import describe_data
from ganzoo.settings.sections import Choice
from ganzoo.training.feed import Feed
from support.image_files import load, load_zip, make_zip, write

CPU = torch.device("cpu")
COUNT = 150  # more than two chunks of a process


def noise(index, grey=False):
    pixels = np.random.default_rng(index).integers(0, 256, (8, 8) if grey else (8, 8, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


MEMBERS = {f"class{i % 3}/{i:04}.png": noise(i) for i in range(COUNT)}


@pytest.fixture
def images(tmp_path):
    for name, data in MEMBERS.items():
        write(tmp_path / "images" / name, data)
    return tmp_path / "images"


@pytest.fixture
def little_memory(monkeypatch):
    """Free memory of which no dataset here takes less than half."""
    monkeypatch.setattr(machine, "available_bytes", lambda: 1000)


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


def draw(samples, counts, position=0):
    """Batches of these sizes; the processes that decode are gone afterwards."""
    feed = Feed(samples, seed=3, device=CPU)
    feed.position = position
    batches = [feed.next(count) for count in counts]
    feed.close()
    assert multiprocessing.active_children() == []
    return batches


def same(batches, others):
    pairs = list(zip(batches, others, strict=True))
    return all(torch.equal(x, other_x) and torch.equal(y, other_y) for (x, y), (other_x, other_y) in pairs)


# Streaming


def test_streamed_batches_are_those_of_memory_bit_by_bit_across_epochs(images, little_memory, monkeypatch):
    streamed = load(images)
    monkeypatch.undo()
    resident = load(images)
    assert isinstance(streamed.x, LazyImages) and isinstance(resident.x, torch.Tensor)
    counts = [64, 64, 7, 300, 1]  # D and G may have batches of unlike sizes, and one may span epochs
    assert same(draw(streamed, counts), draw(resident, counts))


def test_streaming_goes_on_at_any_position(images, little_memory):
    samples = load(images)
    whole = torch.cat([x for x, _ in draw(samples, [400])])
    for position in (1, 149, 150, 333):
        assert torch.equal(draw(samples, [5, 6], position)[1][0], whole[position + 5 : position + 11])


def test_a_position_set_while_streaming_is_obeyed(images, little_memory):
    feed = Feed(load(images), seed=0, device=CPU)
    first, _ = feed.next(10)
    feed.next(20)
    feed.position = 0
    assert torch.equal(feed.next(10)[0], first)
    feed.close()


@pytest.mark.parametrize("workers", [1, 3])
def test_an_archive_streams_by_any_number_of_processes(tmp_path, monkeypatch, workers):
    path = make_zip(tmp_path / "a.zip", MEMBERS)
    resident = load_zip(path)
    monkeypatch.setattr(machine, "available_bytes", lambda: 1000)
    streamed = load_zip(path, workers=workers)
    assert isinstance(streamed.x, LazyImages)
    assert torch.equal(streamed.x[:5], resident.x[:5])  # opens the archive here too: a position nobody may share
    assert same(draw(streamed, [100, 100]), draw(resident, [100, 100]))


def test_what_streams_has_the_content_hash_labels_and_notes_of_memory(images, little_memory, monkeypatch):
    streamed = load(images)
    monkeypatch.undo()
    resident = load(images)
    assert streamed.known is not None  # hashed on the one pass that every image takes part in
    assert describe_data(streamed) == describe_data(resident)
    assert streamed.digests.images == hash_samples(resident.x).images
    assert Samples(streamed.x, streamed.y, streamed.class_names).digests == resident.digests  # decoded once more
    assert torch.equal(streamed.y, resident.y) and streamed.class_names == ("class0", "class1", "class2")
    assert torch.equal(streamed.x[10:20], resident.x[10:20])
    assert torch.equal(streamed.x[[5, 149, 5]], resident.x[[5, 149, 5]])
    assert re.fullmatch(
        r"150 images of 8x8 stream from \S+/images: they need 0\.0 GiB of memory, free are 0\.0 GiB; "
        "--cache decodes them once",
        streamed.notes[0],
    )
    assert streamed.notes[1:] == resident.notes


@pytest.mark.parametrize("cached", [False, True])
def test_grey_and_unreadable_images_are_treated_as_in_memory(tmp_path, monkeypatch, place, cached):
    for i in range(9):
        write(tmp_path / f"grey/{i}.png", noise(i, grey=True))
    write(tmp_path / "grey/4.png", b"")
    resident = load(tmp_path / "grey", bad_images="skip")
    monkeypatch.setattr(machine, "available_bytes", lambda: 1000)
    other = load(tmp_path / "grey", bad_images="skip", cache=cached)
    assert tuple(other.x.shape) == (8, 1, 8, 8)
    assert describe_data(other) == describe_data(resident)
    assert same(draw(other, [20]), draw(resident, [20]))
    assert resident.notes == ("1 of 9 images unreadable: 4.png (empty file); left out",)
    assert other.notes[0 if cached else 1 :] == resident.notes
    with pytest.raises(DataError, match=r"1 of 9 images unreadable: 4\.png"):
        load(tmp_path / "grey", cache=cached)


def test_streaming_leaves_the_random_state_alone(images, little_memory):
    before = torch.get_rng_state()
    draw(load(images), [64])
    assert torch.equal(before, torch.get_rng_state())


def test_an_image_that_is_lost_while_streaming_is_named(images, little_memory):
    samples = load(images)
    (images / "class0/0003.png").unlink()
    (images / "class0/0003.png").mkdir()
    feed = Feed(samples, seed=0, device=CPU)
    with pytest.raises(DataError, match=r"class0/0003\.png cannot be read any more: not a regular file") as caught:
        feed.next(COUNT)
    assert multiprocessing.active_children() == [], caught  # though the error still holds its frames
    with pytest.raises(DataError, match=r"class0/0003\.png cannot be read any more"):
        samples.x[:10]


def test_a_killed_process_is_no_hang_and_no_traceback(images, little_memory):
    feed = Feed(load(images), seed=0, device=CPU)
    feed.next(1)
    for child in multiprocessing.active_children():
        os.kill(child.pid, signal.SIGKILL)
    with pytest.raises(ResourceError, match="a process that decodes images was killed"):
        feed.next(10_000)
    feed.close()


RUN = """
import os, sys, torch
from ganzoo import machine
machine.available_bytes = lambda: 1000
from ganzoo.cli import main
sys.argv = ["ganzoo", *sys.argv[1:]]
main()
"""


def start(*words, **environment):
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", RUN, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        start_new_session=True,
    )


def children_of(pid):
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def alive(pids):
    """Those that still run; one that ended may stay in the table until somebody asks how."""
    states = {pid: Path(f"/proc/{pid}/stat") for pid in pids}
    return [pid for pid, state in states.items() if state.exists() and state.read_text().rpartition(")")[2][1] != "Z"]


def await_steps(path, steps=2):
    for _ in range(600):
        if (path / "log.jsonl").is_file() and (path / "log.jsonl").read_text().count("\n") >= steps:
            return
        time.sleep(0.1)
    raise AssertionError("the run does not begin")


WORDS = ("--model", "mlp", "--image-size", "8", "--batch-size", "16", "--no-scores", "--set", "train.log_every=1")


@pytest.mark.timeout(180)
def test_a_streamed_run_is_the_run_in_memory_also_when_a_signal_came_in_between(images, tmp_path):
    words = ("run", "--dataset", f"folder:{images}", *WORDS, "--steps", "60000", "--out", tmp_path / "streamed")
    process = start(*words)
    await_steps(tmp_path / "streamed")
    workers = children_of(process.pid)
    os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does, to the processes that decode too
    _, said = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGINT and "Traceback" not in said and "stream from" in said
    assert workers and not alive(workers)
    status = json.loads((tmp_path / "streamed/status.json").read_text())
    steps = status["step"] + 5

    _, said = start("resume", tmp_path / "streamed", "--steps", steps).communicate(timeout=60)  # decay is none
    other = ("run", "--dataset", f"folder:{images}", *WORDS, "--steps", steps, "--out", tmp_path / "resident")
    assert CliRunner().invoke(cli, [*map(str, other)], catch_exceptions=False).exit_code == 0
    assert losses(tmp_path / "streamed")[-5:] == losses(tmp_path / "resident")[-5:], said


def losses(path):
    records = [json.loads(line) for line in (path / "log.jsonl").read_text().splitlines()]
    return [(record["step"], record["d/adversarial"]) for record in records]


@pytest.mark.timeout(120)
@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux tells a child that its parent ended")
def test_the_processes_of_a_run_that_is_killed_end_and_free_its_lock(images, tmp_path):
    process = start(*("run", "--dataset", f"folder:{images}", *WORDS, "--steps", "60000", "--out", tmp_path / "run"))
    await_steps(tmp_path / "run")
    workers = children_of(process.pid)
    process.kill()
    process.wait()  # not communicate: the processes have inherited the pipes
    for _ in range(50):
        if not alive(workers):
            break
        time.sleep(0.02)
    assert workers and not alive(workers)
    process.communicate()


# The cache


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
from ganzoo import machine
from ganzoo.data import reading
from ganzoo.builtin.datasets.own_images import Folder
from ganzoo.training.feed import Feed

def resident_bytes():  # anonymous pages: those of files can be dropped at any time
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))

torch.set_num_threads(1)
machine.available_bytes = lambda: 2**20
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
@pytest.mark.parametrize("way", ["streamed", "cached"])
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
