"""Progress where nothing can be drawn again: lines in a pipe, in a notebook and in a log; none where none is wanted."""

import io
import sys
import time
from pathlib import Path

import click
import pytest

from ganzoo.cli import output, progress
from ganzoo.cli.progress import Display, is_live
from ganzoo.data.decoding import DecodeOptions
from ganzoo.data.folder import list_folder
from ganzoo.data.progress import Listener, counted, growing, listening, phase
from ganzoo.data.reading import read_all
from ganzoo.settings.sections import Choice, RunConfig, TrainConfig
from ganzoo.settings.toml import flatten, to_tables
from support.image_files import png, write

RECORD = {"d/adversarial": -1.5, "g/adversarial": 2.0, "score/real": 1.0, "score/fake": 0.5, "images_per_s": 455.0}


class Heard(Listener):
    """What a listener is told, in order."""

    def __init__(self):
        self.events = []

    def begin(self, phase):
        self.events.append(("begin", phase.what, phase.total))

    def advance(self, phase):
        self.events.append((phase.done, phase.unit))

    def finish(self, phase):
        self.events.append(("end", phase.what))


class Clock:
    """A clock that a test sets."""

    def __init__(self, monkeypatch):
        self.now = 1000.0
        monkeypatch.setattr("time.monotonic", lambda: self.now)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def settings_of(steps):
    """What an observer is told of a run of so many steps."""
    train = TrainConfig(steps=steps, seed=7, device="cpu", precision="fp32")
    return flatten(to_tables(RunConfig(*map(Choice, ("mlp", "wgan", "none", "none", "digits")), train=train)))


def follow(monkeypatch, steps, seconds_per_step, **choices):
    """What a run prints on stderr, step by step, with a record at every 10th."""
    clock, said = Clock(monkeypatch), io.StringIO()
    monkeypatch.setattr(sys, "stderr", said)
    monkeypatch.setattr(output, "choices", lambda: output.Output(**choices))
    monkeypatch.setattr(progress, "choices", output.choices)
    with Display() as display:
        display.start(settings_of(steps), Path("runs/a"), 0)
        for step in range(1, steps + 1):
            clock.now += seconds_per_step
            display.step(step)
            if step % 10 == 0:
                display.record(RECORD | {"step": step})
    return said.getvalue().splitlines()


# Lines


def test_a_fast_run_prints_a_line_for_each_twentieth(monkeypatch):
    lines = follow(monkeypatch, 200, 0.01)
    assert lines[:2] == ["mlp-wgan-none_digits: 200 steps, seed 7, cpu, fp32", "run folder: runs/a"]
    assert [line.split()[1] for line in lines[2:]] == [f"{step}/200" for step in range(10, 201, 10)]
    assert lines[-1] == "step 200/200  2 s elapsed  455 images/s  loss D -1.5  loss G 2  logit real 1  logit fake 0.5"


def test_a_slow_run_prints_a_line_every_ten_seconds_though_it_has_no_record_yet(monkeypatch):
    lines = follow(monkeypatch, 100, 4_000.0)
    assert lines[2] == "step 1/100  67 min elapsed"
    assert lines[3].startswith("step 2/100  2 h 13 min elapsed  4 d 13 h left")
    assert len(lines) == 102


def test_a_quiet_run_prints_nothing_and_a_verbose_one_each_record(monkeypatch):
    assert follow(monkeypatch, 200, 0.01, quiet=True) == []
    lines = follow(monkeypatch, 200, 0.01, verbose=True)
    assert "  optim.batch_size = 64" in lines and "  loss.name = 'wgan'" in lines
    records = [line for line in lines if line.startswith("step 70  ")]
    assert records == ["step 70  loss D -1.5  loss G 2  logit real 1  logit fake 0.5"]


def test_a_long_phase_prints_how_far_it_is(monkeypatch):
    clock, said = Clock(monkeypatch), io.StringIO()
    monkeypatch.setattr(sys, "stderr", said)
    with Display(), phase("reading images", 60_000, "images") as advance:
        for _ in range(3):
            clock.now += 7.0
            advance(12_000)
    assert said.getvalue().splitlines() == ["reading images: 24,000/60,000 images  21 s left"]


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, True),
        ({"TERM": "dumb"}, False),
        ({"CI": "1"}, False),
        ({"CI": "true"}, False),
        ({"CI": "false"}, True),
        ({"JPY_PARENT_PID": "12"}, False),
        ({"TTY_INTERACTIVE": "0"}, False),
        ({"LOCAL_RANK": "1"}, False),
        ({"NO_COLOR": "1"}, True),
    ],
)
def test_bars_are_for_terminals_that_can_move_their_cursor(monkeypatch, variables, expected):
    for name in ("CI", "JPY_PARENT_PID", "TTY_INTERACTIVE", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ({"TERM": "xterm"} | variables).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert is_live() is expected


def test_force_color_makes_no_bar_in_a_pipe(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert not is_live()


def test_a_note_is_silent_if_the_user_wants_results_alone(capsys):
    with click.Context(click.Command("x")) as context:
        context.meta["ganzoo.output"] = output.Output(quiet=True)
        Display().note("something")
        output.note("something else")
    assert capsys.readouterr().err == ""


# What is told


def test_a_listener_hears_of_each_batch_and_of_the_end_though_it_is_an_error():
    heard = Heard()
    with pytest.raises(ZeroDivisionError), listening(heard):
        for batch in counted([[1, 2], [3]], "making samples", 4, "samples"):
            1 / (len(batch) - 1)
    assert heard.events[:2] == [("begin", "making samples", 4), (2, "samples")]


def test_reading_images_tells_each_of_them(tmp_path):
    for number in range(40):
        write(tmp_path / f"{number:02}.png", png())
    heard = Heard()
    with listening(heard):
        read_all(list_folder(tmp_path).files, DecodeOptions(3, 8, "white"))
    assert heard.events[0] == ("begin", "reading images", 40)
    assert heard.events[1:] == [(16, "images"), (32, "images"), (40, "images"), ("end", "reading images")]


def test_a_download_tells_the_bytes_by_which_its_folder_grows(tmp_path, monkeypatch):
    monkeypatch.setattr("ganzoo.data.progress.LOOK_EVERY", 0.01)
    (tmp_path / "old").write_bytes(b"x" * 1000)
    heard = Heard()
    with listening(heard), growing("downloading", tmp_path):
        (tmp_path / "raw").mkdir()
        (tmp_path / "raw" / "part").write_bytes(b"x" * 300)
        for _ in range(500):
            if (300, "bytes") in heard.events:
                break
            time.sleep(0.01)
    assert heard.events[-1] == ("end", "downloading") and (300, "bytes") in heard.events


def test_without_a_listener_work_goes_on():
    with phase("anything", 2) as advance:
        advance(1)
    assert list(counted("ab", "letters")) == ["a", "b"]
