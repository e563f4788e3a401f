"""Signals before a run trains: the process ends at once, in silence, with the signal's code, and leaves nothing."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ganzoo.runs import checkpoint, interrupts
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.new_folder import claim_new, create_folder, emptied_if_refused
from ganzoo.runs.run import Run
from ganzoo.runs.signals import Interrupts
from support.runs import ENVIRONMENT, TINY, wait_for

WORDS = ["run", *TINY, "--steps=100000", "--no-scores"]
FEW = [(signal.SIGINT, 0.5), (signal.SIGTERM, 0.2)]
MANY = [(interrupts.ENDING[tick % len(interrupts.ENDING)], 0.4 * tick) for tick in range(12)]
"""Signals, which take turns, and the seconds between the first import and the signal."""


def as_in_a_terminal():
    """Undo what a background job of a shell ignores, which a child takes over."""
    for number in interrupts.ENDING:
        signal.signal(number, signal.SIG_DFL)


def is_ready(process):
    """Whether the process obeys SIGTERM itself, which Python does not: from the first import of ganzoo on."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    caught = int(next(line for line in status.splitlines() if line.startswith("SigCgt")).split()[1], 16)
    return bool(caught >> (signal.SIGTERM - 1) & 1)


def start(out):
    words = [sys.executable, "-m", "ganzoo", *WORDS, "--out", str(out)]
    options = {"env": ENVIRONMENT, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(words, preexec_fn=as_in_a_terminal, **options)
    wait_for(lambda: is_ready(process), process)
    return process


@pytest.mark.fault(
    "SIGINT, SIGTERM or SIGHUP while a run starts: imports, plugins, data, networks",
    "exit 130, 143 or 129 in silence and no folder is left; once it trains it saves",
    "F30",
    "F31",
)
@pytest.mark.parametrize(("number", "seconds"), [*FEW, *(pytest.param(*case, marks=pytest.mark.full) for case in MANY)])
def test_a_signal_at_any_moment_of_the_start_ends_a_run_in_silence_or_saves_it(tmp_path, number, seconds):
    process = start(tmp_path / "run")
    time.sleep(seconds)
    process.send_signal(number)
    shown, said = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert "Traceback" not in said and "Exception" not in said and shown == ""
    if (tmp_path / "run").exists():
        status = Run(tmp_path / "run").status
        assert status["state"] == "interrupted"
        assert checkpoint.available_steps(tmp_path / "run" / "checkpoints")[-1] == status["step"]
        assert said.count("ganzoo: ") == 1 and "saved step" in said
    else:
        assert len(said.splitlines()) <= 1


@pytest.fixture
def ended(monkeypatch):
    """The codes with which the process would have ended."""
    codes = []
    monkeypatch.setattr(os, "_exit", codes.append)
    monkeypatch.setattr(interrupts, "_made", [])
    return codes


@pytest.fixture
def own_handlers():
    before = {number: signal.getsignal(number) for number in interrupts.ENDING}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", interrupts.ENDING)
def test_the_exit_code_is_128_and_the_signal(ended, own_handlers, number):
    signal.signal(number, signal.SIG_DFL)
    interrupts.end_on_signals()
    signal.raise_signal(number)
    assert ended == [128 + number]


def test_a_signal_that_is_ignored_or_handled_stays_so(own_handlers):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, mine := lambda *_: None)
    interrupts.end_on_signals()
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN and signal.getsignal(signal.SIGTERM) is mine


def test_a_folder_that_is_still_empty_goes_and_one_with_something_stays(ended, tmp_path):
    for name in ("empty", "full"):
        with emptied_if_refused(create_folder(tmp_path / name)):
            if name == "full":
                (tmp_path / name / "theirs").touch()
            interrupts.end(signal.SIGINT, None)
    interrupts.end(signal.SIGINT, None)  # nothing is remembered beyond its context
    assert [path.name for path in tmp_path.iterdir()] == ["full"] and ended == [130] * 3


def test_a_new_run_goes_whole_until_it_trains_and_stays_from_then_on(ended, own_handlers, tmp_path):
    folder = RunFolder(tmp_path / "run")
    for trains in (False, True):
        folder.path.mkdir()
        with claim_new(folder):
            folder.manifest.touch()
            if trains:
                with Interrupts():
                    pass
            interrupts.end(signal.SIGTERM, None)
            assert folder.manifest.exists() == trains


def test_a_folder_of_a_run_that_goes_on_is_never_removed(ended, tmp_path):
    folder = RunFolder(tmp_path)
    with folder.claim():
        folder.manifest.touch()
        interrupts.end(signal.SIGINT, None)
    assert folder.manifest.exists()


def test_a_run_that_trains_notes_the_signal_and_is_not_ended_by_it(ended, own_handlers):
    for number in interrupts.ENDING:
        signal.signal(number, signal.SIG_DFL)
    interrupts.end_on_signals()
    with Interrupts() as noted:
        signal.raise_signal(signal.SIGINT)
    assert noted.ending == signal.SIGINT and ended == []
    signal.raise_signal(signal.SIGINT)  # afterwards, as while it is scored
    assert ended == [130]
