"""Runs that are stopped from outside, as real processes: what is saved, what is said, and how they go on."""

import os
import pty
import random
import signal
import subprocess
import sys
import threading
import time

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ganzoo.errors import RunInterrupted
from ganzoo.runs import checkpoint
from ganzoo.runs.observer import Observer
from ganzoo.runs.run import Run
from ganzoo.runs.signals import Interrupts
from support.runs import ENVIRONMENT, HELD, TINY, assert_equal_runs, ganzoo, log, spawn, wait_for

EVERY = ["--set=train.log_every=2", "--set=train.sample_every=5", "--set=train.save_every=5"]


@pytest.fixture(autouse=True)
def signals_as_in_a_terminal(monkeypatch):
    """What the caller of pytest ignores, as a shell's background job does, would be ignored by our children too."""
    ignored = [number for number in (signal.SIGINT, signal.SIGHUP) if signal.getsignal(number) is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


class Held:
    """A run of 12 steps of which one waits in the middle, until it is let go."""

    def __init__(self, tmp_path, at):
        (tmp_path / "held.py").write_text(HELD)
        self.folder, self.reached, self.gate = tmp_path / "run", tmp_path / "reached", tmp_path / "go"
        self.plugin = ["--plugin", tmp_path / "held.py"]
        self.words = [*self.plugin, "run", *TINY, "--loss", "held", "--steps", 12, *EVERY]
        environment = ENVIRONMENT | {"HOLD": str(tmp_path), "HOLD_AT": str(at)}
        self.process = spawn(*self.words, "--out", self.folder, env=environment)

    def send(self, number):
        self.process.send_signal(number)

    def end(self):
        self.gate.touch()
        shown, said = self.process.communicate(timeout=60)
        return self.process.returncode, shown, said

    def whole(self):
        """The same run in this process, where nothing waits."""
        ganzoo(*self.words, "--out", self.folder.with_name("whole"))
        return self.folder.with_name("whole")

    def steps_saved(self):
        return checkpoint.available_steps(self.folder / "checkpoints")


@pytest.fixture
def hold(tmp_path):
    """Start a run that waits within the step `at`; whatever becomes of the test, the run does not outlive it."""
    runs = []

    def start(at):
        runs.append(run := Held(tmp_path, at))
        wait_for(run.reached.exists, run.process)
        return run

    yield start
    for run in runs:
        run.process.kill()


@pytest.mark.fault(
    "SIGTERM, SIGINT or SIGHUP within a step",
    "the step ends and is saved, exit 143, 130 or 129, and the run goes on to the same bits",
    "F29",
    "F31",
    "F32",
)
@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGTERM, 143),
        pytest.param(signal.SIGINT, 130, marks=pytest.mark.full),
        pytest.param(signal.SIGHUP, 129, marks=pytest.mark.full),
    ],
)
def test_a_signal_lets_the_step_end_saves_it_and_the_run_goes_on_as_if_never_stopped(hold, number, code):
    run = hold(at=7)
    run.send(number)
    returncode, shown, said = run.end()
    assert (returncode, shown) == (code, "")
    assert f"stopped by signal {int(number)}: saved step 7 of 12" in said
    assert f"ganzoo resume {run.folder}" in said and "Traceback" not in said
    assert run.steps_saved() == [0, 5, 7]
    assert (Run(run.folder).status["state"], Run(run.folder).status["step"]) == ("interrupted", 7)
    result = ganzoo(*run.plugin, "resume", run.folder)
    assert "not bit-exact" not in result.stderr
    assert_equal_runs(run.folder, run.whole())


@pytest.mark.fault("Ctrl-C twice within a step", "exit 130 at once, and the checkpoint before is whole", "F31")
def test_a_second_signal_ends_the_process_within_the_step(hold):
    run = hold(at=7)
    while run.process.poll() is None:  # the gate stays closed
        run.send(signal.SIGINT)
        time.sleep(0.1)
    run.process.communicate()
    assert run.process.returncode == 130
    assert run.steps_saved() == [0, 5]
    ganzoo(*run.plugin, "resume", run.folder)
    assert_equal_runs(run.folder, run.whole())


@pytest.mark.fault("SIGUSR1 within a step", "the step is saved, and the run goes on", "F33")
@pytest.mark.full
def test_usr1_saves_the_step_and_the_run_goes_on_to_its_end(hold):
    run = hold(at=7)
    run.send(signal.SIGUSR1)
    returncode, shown, _ = run.end()
    assert returncode == 0 and "complete: 12 of 12 steps" in shown
    assert run.steps_saved() == [7, 10, 12]  # the last three
    assert_equal_runs(run.folder, run.whole())


@pytest.mark.fault(
    "kill -9 at a random moment of training", "the resumed run ends in the bits of the undisturbed one", "F01"
)
@pytest.mark.full
def test_a_run_killed_at_any_moment_goes_on_as_if_never_killed(tmp_path):
    parts = ["--model=dcgan", "--set=model.width=2", "--image-size=16", "--lipschitz=sn+dragan", "--conditioner=acgan"]
    optim = ["--device=cpu", "--batch-size=16", "--set=optim.n_critic=2", "--set=optim.batch_size_g=24", "--steps=40"]
    optim += ["--no-scores"]
    every = ["--set=train.log_every=1", "--set=train.save_every=7", "--set=train.sample_every=10"]
    words = ["run", *parts, *optim, *every]
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    process = spawn(*words, "--out", killed)
    lines, moment = random.randint(6, 24), random.uniform(0, 0.03)
    wait_for(lambda: len(log(killed)) >= lines, process)
    time.sleep(moment)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    reached = log(killed)[-1]["step"]
    assert lines <= reached < 40 and Run(killed).status["state"] == "running"

    resumed = spawn("resume", killed)
    _, said = resumed.communicate(timeout=120)
    assert resumed.returncode == 0, said
    ganzoo(*words, "--out", whole)
    assert_equal_runs(killed, whole)
    assert len(log(killed)) == 40
    events = EventAccumulator(str(killed / "tb"))
    events.Reload()
    assert [event.step for event in events.Scalars("d/adversarial")] == list(range(1, 41))


@pytest.mark.fault("kill -9 before the first regular checkpoint", "the run goes on from step 0 to the same bits")
@pytest.mark.full
def test_a_run_killed_before_its_first_regular_checkpoint_goes_on_too(hold):
    run = hold(at=4)
    run.process.kill()
    run.process.communicate()
    assert (run.steps_saved(), [record["step"] for record in log(run.folder)]) == ([0], [2])
    time.sleep(1)  # TensorBoard orders files of events by the second
    ganzoo(*run.plugin, "resume", run.folder)
    assert_equal_runs(run.folder, run.whole())
    events = EventAccumulator(str(run.folder / "tb"))
    events.Reload()
    assert [event.step for event in events.Scalars("d/adversarial")] == [2, 4, 6, 8, 10, 12]


@pytest.mark.fault("the terminal of a run is closed", "exit 129 after a save", "F32")
@pytest.mark.full
def test_a_closed_terminal_is_a_hangup_and_saves(tmp_path):
    ours, its = pty.openpty()
    code = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); import ganzoo.cli; ganzoo.cli.main()"
    words = ["run", *TINY, "--steps=100000", "--set=train.log_every=1", "--out", tmp_path / "run"]
    terminal = {"stdin": its, "stdout": its, "stderr": its, "env": ENVIRONMENT | {"TERM": "xterm"}}
    process = subprocess.Popen([sys.executable, "-c", code, *words], start_new_session=True, **terminal)
    os.close(its)
    try:
        wait_for(lambda: log(tmp_path / "run"), process)
        shown = os.read(ours, 100_000).decode()
        os.close(ours)
        assert process.wait(timeout=60) == 129
    finally:
        process.kill()
    assert "100,000 steps" in shown and "\x1b[" in shown  # a terminal gets a bar, in colours
    status = Run(tmp_path / "run").status
    assert status["state"] == "interrupted"
    assert checkpoint.available_steps(tmp_path / "run" / "checkpoints")[-1] == status["step"]


@pytest.mark.fault("nobody reads the progress of a run any more", "it goes on to its end")
@pytest.mark.full
def test_a_run_whose_progress_nobody_reads_any_more_goes_on_to_its_end(tmp_path):
    process = spawn("run", *TINY, "--steps", 12, "--out", tmp_path / "run")
    process.stderr.close()  # as `2>&1 | head -1` does
    shown = process.stdout.read()
    process.stdout.close()
    assert process.wait(timeout=60) == 0
    assert "complete: 12 of 12 steps" in shown


# Within a program of somebody else


@pytest.fixture
def own_handler():
    """A handler of the program that embeds ganzoo; holds the signals that it was given."""
    seen = []
    previous = signal.signal(signal.SIGTERM, lambda number, frame: seen.append(number))
    yield seen
    signal.signal(signal.SIGTERM, previous)


@pytest.mark.fault(
    "a program with a handler of its own embeds a run", "both handlers run, and its own is restored", "F39"
)
def test_the_handler_of_an_embedding_program_is_called_too_and_restored(tmp_path, own_handler):
    class Stopper(Observer):
        def step(self, step):
            if step == 3:
                signal.raise_signal(signal.SIGTERM)

    ganzoo("run", *TINY, "--steps", 2, "--out", tmp_path / "run")
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(RunInterrupted, match="saved step 3 of 6") as stop:
        Run(tmp_path / "run").resume(steps=6, observer=Stopper())
    assert stop.value.exit_code == 143
    assert not isinstance(stop.value, Exception)  # a program that catches those and goes on ends all the same
    assert own_handler == [signal.SIGTERM]
    assert signal.getsignal(signal.SIGTERM) is before


def test_an_interrupt_is_noted_and_raises_no_keyboard_interrupt():
    before = signal.getsignal(signal.SIGINT)
    with Interrupts() as interrupts:
        signal.raise_signal(signal.SIGINT)
        assert (interrupts.ending, interrupts.save_wanted) == (signal.SIGINT, False)
    assert signal.getsignal(signal.SIGINT) is before


def test_usr1_is_a_wish_to_save_and_no_ending():
    with Interrupts() as interrupts:
        signal.raise_signal(signal.SIGUSR1)
        signal.raise_signal(signal.SIGUSR1)
    assert (interrupts.ending, interrupts.save_wanted) == (None, True)


@pytest.mark.fault("SIGHUP is ignored, as under nohup", "it stays ignored")
def test_an_ignored_hangup_stays_ignored_as_under_nohup():
    previous = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Interrupts() as interrupts:
            signal.raise_signal(signal.SIGHUP)
        assert interrupts.ending is None
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, previous)


def test_handlers_are_restored_after_an_error(own_handler):
    with pytest.raises(ZeroDivisionError), Interrupts():
        _ = 1 / 0
    signal.raise_signal(signal.SIGTERM)
    assert own_handler == [signal.SIGTERM]


def test_outside_the_main_thread_handlers_stay_as_they_are(own_handler):
    before, within = signal.getsignal(signal.SIGTERM), []

    def work():
        with Interrupts():
            within.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert within == [before]
