"""A search of real processes that SIGKILL ends half-way, and that the same command goes on with."""

import os
import signal
import subprocess
import sys
import time

import pytest

from ganzoo.files import read_records
from ganzoo.search.results import read_search
from support.checkout import ROOT

RATES = ("--tune=optim.lr_g=1e-5..1e-2:log", "--tune=optim.lr_d=1e-5..1e-2:log")
SMALL = ("--set=model.width=8", "--set=model.depth=1", "--batch-size=8", "--samples=32", "--seeds=0", "--evals=0")
TRIALS, STEPS = 5, 30
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "GANZOO_DISABLE_PLUGINS": "all"}


def begin(folder, log):
    words = ["tune", "--model=mlp", "--dataset=gaussians8", *RATES, *SMALL, f"--trials={TRIALS}", f"--steps={STEPS}"]
    command = [sys.executable, "-m", "ganzoo", *words, "--jobs=1", f"--out={folder}"]
    with log.open("wb") as file:
        return subprocess.Popen(command, env=ENVIRONMENT, stdout=file, stderr=file, start_new_session=True)


def search(folder, log):
    assert begin(folder, log).wait() == 0, log.read_text()
    return read_search(folder)


def kill_in_third_trial(folder, log):
    """Kill the search with its whole group once two trials have ended and the third one trains."""
    process, until = begin(folder, log), time.monotonic() + 600
    while not (folder / "cells/trial-2-s0/log.jsonl").is_file():
        assert process.poll() is None and time.monotonic() < until, log.read_text()
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


@pytest.mark.full
@pytest.mark.timeout(900)
def test_no_trial_is_lost_or_run_twice_and_the_best_one_is_that_of_a_search_which_nothing_disturbed(tmp_path):
    whole = search(tmp_path / "whole", tmp_path / "whole.txt")
    folder = tmp_path / "killed"
    kill_in_third_trial(folder, tmp_path / "killed.txt")
    left = {trial.number: trial for trial in read_search(folder).trials}
    assert [left[number].state for number in (0, 1, 2)] == ["complete", "complete", "running"] and len(left) == 3
    ended = [folder / f"cells/trial-{number}-s0/scores.json" for number in (0, 1)]
    written = [path.stat().st_mtime_ns for path in ended]
    found = search(folder, tmp_path / "again.txt")
    assert sorted(trial.number for trial in found.trials) == list(range(TRIALS))
    assert found.best.number == whole.best.number and found == whole
    assert [path.stat().st_mtime_ns for path in ended] == written
    names = [record["cell"] for record in read_records(folder / "cells.jsonl") if record["state"] == "complete"]
    assert sorted(names) == [f"trial-{number}-s0" for number in range(TRIALS)]
    for name in names:
        steps = [record["step"] for record in read_records(folder / "cells" / name / "log.jsonl")]
        assert steps == sorted(set(steps)) and steps[-1] == STEPS
