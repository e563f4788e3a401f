"""What a user's life brings to a run: links, backups, other zones of time, a laptop that sleeps."""

import os
import shutil
import signal
import time
from datetime import UTC, datetime

import pytest
from PIL import Image

from ganzoo.runs.folder import timestamp
from ganzoo.runs.run import Run
from support.runs import ENVIRONMENT, HELD, TINY, assert_equal_runs, contents, ganzoo, spawn, train, wait_for


@pytest.mark.fault("a run goes on beside a backup of hard links (`cp -al`)", "the backup stays as it was, bit for bit")
def test_a_backup_of_hard_links_does_not_follow_the_run(tmp_path):
    each = [f"--set=train.{when}_every=1" for when in ("log", "sample", "save")]
    train(tmp_path / "run", *each, "--eval-every=1", steps=3)
    shutil.copytree(tmp_path / "run", tmp_path / "backup", copy_function=os.link)
    before = contents(tmp_path / "backup")
    ganzoo("resume", tmp_path / "run", "--steps", 5)
    after = contents(tmp_path / "backup")
    assert {path: data for path, (data, _) in after.items()} == {path: data for path, (data, _) in before.items()}


def paint(folder, shade):
    folder.mkdir()
    for number in range(6):
        Image.new("L", (8, 8), shade + number).save(folder / f"{number}.png")
    return folder


@pytest.mark.fault("the link to a dataset leads elsewhere at resume", "a copy goes on, and other data are exit 5")
def test_a_link_to_data_is_what_it_leads_to(tmp_path):
    data, link = paint(tmp_path / "data", 20), tmp_path / "link"
    link.symlink_to(data)
    train(tmp_path / "run", "--dataset", f"folder:{link}", "--no-scores", steps=2)
    for target, code in (paint(tmp_path / "others", 90), 5), (shutil.copytree(data, tmp_path / "copy"), 0):
        link.unlink()
        link.symlink_to(target)
        result = ganzoo("resume", tmp_path / "run", "--steps", 3, code=code)
        assert ("the dataset differs from the run's" in result.stderr) == (code == 5)
    assert Run(tmp_path / "run").status["step"] == 3


@pytest.mark.fault("the time zone changes while a run trains", "every time of a run is in UTC")
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles", "no/zone"])
def test_times_are_in_utc_wherever_the_machine_is(monkeypatch, zone):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        said = datetime.fromisoformat(timestamp())
    finally:
        monkeypatch.undo()
        time.tzset()
    assert said.utcoffset().total_seconds() == 0
    assert abs((datetime.now(UTC) - said).total_seconds()) < 5


@pytest.mark.full
@pytest.mark.fault("SIGSTOP, and SIGCONT later, within a step", "the run ends in the bits of one that never stopped")
def test_a_run_that_was_stopped_and_continued_ends_in_the_same_bits(tmp_path):
    (tmp_path / "held.py").write_text(HELD)
    words = ["--plugin", tmp_path / "held.py", "run", *TINY, "--loss=held", "--steps=9", "--no-scores"]
    process = spawn(*words, "--out", tmp_path / "run", env=ENVIRONMENT | {"HOLD": str(tmp_path), "HOLD_AT": "5"})
    try:
        wait_for((tmp_path / "reached").exists, process)
        process.send_signal(signal.SIGSTOP)
        (tmp_path / "go").touch()
        time.sleep(0.5)
        assert process.poll() is None
        process.send_signal(signal.SIGCONT)
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.communicate()
    ganzoo(*words, "--out", tmp_path / "whole")
    assert_equal_runs(tmp_path / "run", tmp_path / "whole")
