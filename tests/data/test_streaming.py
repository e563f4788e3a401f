"""Images that do not fit in memory: streamed in the same order and by the same bytes."""

import json
import multiprocessing
import os
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from ganzoo.cli import cli
from ganzoo.contracts import Samples
from ganzoo.data import reading
from ganzoo.data.samples import LazySamples, hash_samples
from ganzoo.errors import DataError, ResourceError
from ganzoo.machine import limits
from ganzoo.runs.manifest import describe_data
from ganzoo.training.feed import Feed
from support.image_files import load, load_zip, make_zip, write
from support.many_images import COUNT, CPU, MEMBERS, draw, noise, same


def test_streamed_batches_are_those_of_memory_bit_by_bit_across_epochs(images, little_memory, monkeypatch):
    streamed = load(images)
    monkeypatch.undo()
    resident = load(images)
    assert isinstance(streamed.x, LazySamples) and isinstance(resident.x, torch.Tensor)
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
    monkeypatch.setattr(limits, "available_bytes", lambda: 1000)
    streamed = load_zip(path, workers=workers)
    assert isinstance(streamed.x, LazySamples)
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
    monkeypatch.setattr(limits, "available_bytes", lambda: 1000)
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


@pytest.mark.fault("an image is deleted while a run streams it", "exit 3 with its name")
def test_an_image_that_is_lost_while_streaming_is_named(images, little_memory):
    samples = load(images)
    (images / "class0/0003.png").unlink()
    (images / "class0/0003.png").mkdir()
    feed = Feed(samples, seed=0, device=CPU)
    with pytest.raises(
        DataError, match=r"class0/0003\.png cannot be read any more: it is a folder, not a file"
    ) as caught:
        feed.next(COUNT)
    assert multiprocessing.active_children() == [], caught  # though the error still holds its frames
    with pytest.raises(DataError, match=r"class0/0003\.png cannot be read any more"):
        samples.x[:10]


@pytest.mark.fault("kill -9 of a decoding process", "no hang and no traceback, exit 9")
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
from ganzoo.machine import limits
from ganzoo.runs import checkpoint_files  # which asks for memory too
limits.available_bytes = lambda: 1000
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


@pytest.mark.full
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


@pytest.mark.fault("kill -9 of a run that streams", "its processes end, and its lock is free")
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


@pytest.mark.fault(
    "images are added to a folder while it is read", "those of the first look are read, and their hash says so"
)
def test_a_folder_that_grows_while_it_is_read_is_that_of_the_first_look(tmp_path, monkeypatch):
    for name in "abc":
        write(tmp_path / f"{name}.png")
    before = load(tmp_path)
    decode = reading.decode_image

    def grow_then(*args):
        write(tmp_path / f"{len(list(tmp_path.iterdir()))}.png")
        return decode(*args)

    monkeypatch.setattr(reading, "decode_image", grow_then)
    grown = load(tmp_path)
    monkeypatch.undo()
    assert len(load(tmp_path)) > len(grown) == 3
    assert grown.digests == before.digests != load(tmp_path).digests


@pytest.mark.fault(
    "a process may open few files (`ulimit -n`)", "images are opened one after the other, and all are read"
)
def test_few_open_files_suffice_for_many_images(images):
    open_now = max(int(path.name) for path in Path("/proc/self/fd").iterdir())
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (open_now + 8, hard))
    try:
        assert len(load(images)) == COUNT > 100
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
