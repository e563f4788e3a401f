"""Jobs that end, that are preempted, that are lost, and what is asked of SLURM."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest
import submitit
from ganzoo_submitit.engine import Submitit
from ganzoo_submitit.job import CellJob

import ganzoo

PREEMPTED = """
import pathlib, signal, sys, time
place = pathlib.Path(sys.argv[-1])
if place.with_suffix(".saved").exists():
    sys.exit(0)  # it goes on, and completes
signal.signal(signal.SIGTERM, lambda *_: (place.with_suffix(".saved").touch(), sys.exit(143)))
place.with_suffix(".begun").touch()
time.sleep(600)
"""


def make_cell(folder, script, name="a"):
    return ganzoo.Cell(name, (sys.executable, "-c", script), (), folder / name, folder / "logs" / f"{name}.log")


def test_a_job_that_is_preempted_saves_its_run_goes_back_into_the_queue_and_completes_it(tmp_path):
    engine = Submitit(cluster="local", minutes=30)
    executor = engine._make_executor(tmp_path / "submitit")
    job = executor.submit(CellJob(make_cell(tmp_path, PREEMPTED), {}, str(tmp_path), tmp_path / "stop"))
    deadline = time.monotonic() + 100
    while not (tmp_path / "a.begun").exists():
        assert time.monotonic() < deadline and not job.done(), job.stderr()
        time.sleep(0.1)
    (task,) = Path(f"/proc/{job.job_id}/task/{job.job_id}/children").read_text().split()
    os.kill(int(task), signal.SIGUSR2)  # as SLURM does when it takes a node away
    assert job.result().state == "complete"
    assert (tmp_path / "a.saved").exists()


def test_in_the_debugger_the_cells_run_in_this_process_one_after_the_other(tmp_path):
    cells = [make_cell(tmp_path, f"import sys; sys.exit({code})", str(code)) for code in (0, 6)]
    endings = {cell.name: ending.state for cell, ending in Submitit(cluster="debug").run(cells)}
    assert endings == {"0": "complete", "6": "diverged"}


class LostJob:
    """A job whose node died: it says nothing."""

    job_id, state, done = "7", "NODE_FAIL", lambda self: True
    paths = type("Paths", (), {"stderr": "7.err"})

    def result(self):
        raise submitit.core.utils.UncompletedJobError("Job 7 has no output")


def test_a_cell_whose_job_was_lost_is_given_to_another_one_as_often_as_it_may_be(tmp_path, monkeypatch):
    submitted = []
    monkeypatch.setattr(Submitit, "_make_executor", lambda self, folder: None)
    monkeypatch.setattr(Submitit, "_submit", lambda self, *_: submitted.append(LostJob()) or submitted[-1])
    ((_, ending),) = Submitit(cluster="local", retries=2).run([make_cell(tmp_path, "")])
    assert len(submitted) == 3
    assert (ending.state, ending.reason) == ("failed", "job 7 was lost (NODE_FAIL); its output is 7.err")


def test_what_a_job_asks_of_slurm_is_in_its_script(tmp_path, monkeypatch):
    monkeypatch.setattr(submitit.SlurmExecutor, "affinity", classmethod(lambda cls: 2))
    engine = Submitit(cpus=4, gpus=1, memory_gb=16, minutes=90, partition="gpu", account="me", extra="qos=high")
    script = engine._make_executor(tmp_path)._executor._make_submission_file_text("true", "id")
    asked = {line.removeprefix("#SBATCH --") for line in script.splitlines() if line.startswith("#SBATCH --")}
    assert {"cpus-per-task=4", "gpus-per-node=1", "mem=16GB", "time=90", "partition=gpu", "account=me"} <= asked
    assert {"qos=high", "signal=USR2@120", "job-name=ganzoo"} <= asked
    assert engine.cells_at_once == 0 and engine.threads_per_cell == 4
    assert "CUDA_VISIBLE_DEVICES" not in engine._environment() and Submitit()._environment()["OMP_NUM_THREADS"] == "1"


def test_without_slurm_and_with_a_bad_option_it_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ganzoo.ResourceError, match="there is no SLURM here") as caught:
        list(Submitit().run([make_cell(tmp_path, "")]))
    assert "--set engine.cluster=local" in caught.value.hint
    with pytest.raises(ganzoo.ConfigError, match="'high' is no option with a value"):
        Submitit(extra="high")
    assert list(Submitit().run([])) == []
