"""The engine: jobs are submitted, collected as they end, and told to stop when the grid is."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import ganzoo
from ganzoo_submitit.job import GRACE, CellJob

LOOK = 0.5
"""Seconds between two looks at the jobs."""
SIGNAL = 120
"""Seconds before the end of its time at which a job is told to save itself."""
MOST_TIMEOUTS = 1000
"""How often a job whose time is up goes back into the queue: a run may need many."""


@dataclass(frozen=True)
class Submitit(ganzoo.Engine):
    """Jobs of a SLURM cluster, by submitit (https://github.com/facebookincubator/submitit).

    A job that is preempted, or whose time is up, saves its run and goes back into the queue. Nobody's invention.
    """

    cluster: Literal["slurm", "local", "debug"] = "slurm"
    """Where jobs run: SLURM, processes of this machine, or this process, one after the other."""
    jobs: ganzoo.NonNegativeInt = 0
    """Jobs at once, queued ones too; 0 means all on SLURM, and one elsewhere."""
    cpus: ganzoo.PositiveInt = 1
    """CPUs of each job, which trains with as many threads."""
    gpus: ganzoo.NonNegativeInt = 0
    """GPUs of each job; 0 hides them."""
    memory_gb: ganzoo.NonNegativeFloat = 0.0
    """Memory of each job in GB; 0 leaves it to the cluster."""
    minutes: ganzoo.PositiveInt = 240
    """Time of a job; a run that needs more goes back into the queue."""
    partition: str = ""
    """Partition of the cluster; empty leaves it to the cluster."""
    account: str = ""
    """Account that is charged; empty leaves it to the cluster."""
    extra: str = ""
    """Other options of sbatch with commas between them: "qos=high,constraint=a100"."""
    retries: ganzoo.NonNegativeInt = 3
    """How often a cell is given to another job after one was lost, for instance with its node."""

    def __post_init__(self) -> None:
        self._read_extra()

    @property
    def cells_at_once(self) -> int:
        """Number of jobs at once; 0 if the cluster decides."""
        return self.jobs if self.cluster == "slurm" else self.jobs or 1

    @property
    def threads_per_cell(self) -> int:
        """Threads of each cell, one per CPU."""
        return self.cpus

    def run(self, cells: Sequence[ganzoo.Cell]) -> Generator[tuple[ganzoo.Cell, ganzoo.Ending]]:
        """Submit the cells, and yield each with its ending.

        Raises PluginError without submitit, and ResourceError if there is no cluster or it refuses a job.
        """
        if not cells:
            return
        folder = cells[0].log.parent.absolute() / "submitit"
        folder.mkdir(parents=True, exist_ok=True)
        stop_file = folder / f"stop-{uuid.uuid4().hex[:8]}"
        executor = self._make_executor(folder)
        waiting, running, tries = [*cells], dict[Any, ganzoo.Cell](), dict.fromkeys((cell.name for cell in cells), 0)
        try:
            while waiting or running:
                while waiting and len(running) < (self.cells_at_once or len(cells)):
                    cell = waiting.pop(0)
                    running[self._submit(executor, cell, stop_file)] = cell
                for job in [job for job in running if job.done()]:
                    cell, ending = running.pop(job), _collect(job)
                    tries[cell.name] += 1
                    if ending is None and tries[cell.name] <= self.retries:
                        waiting.append(cell)
                    else:
                        yield cell, ending or ganzoo.Ending("failed", _read_loss(job))
                time.sleep(LOOK if running else 0)
        finally:
            _stop(running, stop_file)

    def _make_executor(self, folder: Path) -> Any:
        submitit = _import_submitit()
        try:
            executor = submitit.AutoExecutor(folder, cluster=self.cluster, slurm_max_num_timeout=MOST_TIMEOUTS)
        except RuntimeError as error:
            hint = "a login node of the cluster, or --set engine.cluster=local (for this machine only)"
            raise ganzoo.ResourceError("there is no SLURM here: srun is not found", hint=hint) from error
        executor.update_parameters(**self._parameters())
        return executor

    def _parameters(self) -> dict[str, Any]:
        """Return the parameters of a job as submitit calls them; those of SLURM count on SLURM alone."""
        chosen = {"slurm_partition": self.partition, "slurm_account": self.account, "mem_gb": self.memory_gb}
        return {
            "name": "ganzoo",
            "timeout_min": self.minutes,
            "cpus_per_task": self.cpus,
            "gpus_per_node": self.gpus,
            "slurm_signal_delay_s": SIGNAL,
            "slurm_additional_parameters": self._read_extra(),
        } | {name: value for name, value in chosen.items() if value}

    def _read_extra(self) -> dict[str, str]:
        """Return the other options of sbatch. Raises ConfigError for a word without "="."""
        words = [word.strip() for word in self.extra.split(",") if word.strip()]
        if odd := [word for word in words if "=" not in word.strip("=")]:
            what = f"engine.extra: {odd[0]!r} is no option with a value"
            raise ganzoo.ConfigError(what, hint="--set engine.extra=qos=high,constraint=a100")
        return dict(word.split("=", 1) for word in words)  # type: ignore[misc]  # two parts each

    def _submit(self, executor: Any, cell: ganzoo.Cell, stop_file: Path) -> Any:
        """Submit a cell. Raises ResourceError if the cluster refuses it."""
        try:
            return executor.submit(CellJob(cell, self._environment(), str(Path.cwd()), stop_file))
        except Exception as error:
            what = f"the cluster refuses a job: {str(error).strip().splitlines()[-1][:200]}"
            raise ganzoo.ResourceError(what, hint="ganzoo show engine submitit") from error

    def _environment(self) -> Mapping[str, str]:
        """Return the environment variables of a cell; with GPUs, SLURM sets CUDA_VISIBLE_DEVICES itself."""
        variables = {name: value for name, value in os.environ.items() if name.startswith("GANZOO_")}
        hidden = {} if self.gpus else {"CUDA_VISIBLE_DEVICES": ""}
        return variables | {"OMP_NUM_THREADS": str(self.cpus)} | hidden


def _import_submitit() -> Any:
    try:
        return import_module("submitit")
    except ModuleNotFoundError as error:
        raise ganzoo.PluginError("engine submitit needs the package submitit", hint="pip install submitit") from error


def _collect(job: Any) -> ganzoo.Ending | None:
    """Return how a job ended; None if it was lost before it could say so."""
    try:
        ending: ganzoo.Ending = job.result()
    except Exception as error:
        if type(error).__name__ == "UncompletedJobError":
            return None
        words = str(error).strip().splitlines() or ["the job failed"]
        return ganzoo.Ending("failed", words[-1][:300])
    return ending


def _read_loss(job: Any) -> str:
    """Return the state in which a lost job ended, as the cluster calls it."""
    return f"job {job.job_id} was lost ({job.state}); its output is {job.paths.stderr}"[:300]


def _stop(running: Mapping[Any, ganzoo.Cell], stop_file: Path) -> None:
    """Let the runs save themselves; cancel jobs that wait in the queue, and in the end those that do not end."""
    if not running:
        return
    stop_file.touch()
    for job in running:
        if job.state == "PENDING":
            job.cancel(check=False)
    deadline = time.monotonic() + GRACE
    while time.monotonic() < deadline and not all(job.done() for job in running):
        time.sleep(LOOK)
    for job in running:
        if not job.done():
            job.cancel(check=False)
