"""Run cells on a Ray cluster: each is a task, which Ray gives to another worker if its own dies."""

from __future__ import annotations

import importlib
import os
import signal
import socket
import threading
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ganzoo.builtin.engines.storage import CellStorage
from ganzoo.builtin.engines.worker import run_cell
from ganzoo.cells import GRACE, Cell, Ending
from ganzoo.contracts import Engine
from ganzoo.errors import ConfigError, GanzooError, PluginError, ResourceError
from ganzoo.settings.options import NonNegativeFloat, NonNegativeInt, PositiveFloat

STARTUP = 300.0
"""Seconds to wait for a node with room for a cell: a cluster that grows on demand takes time to add one."""


@dataclass(frozen=True)
class RayCluster(Engine):
    """Tasks of a Ray cluster, arXiv:1712.05889; a cell whose worker dies goes on elsewhere from its last checkpoint.

    `address`: HOST:PORT; auto is the cluster that this machine belongs to, local starts one of this machine alone.
    `cpus`, `gpus`: of each cell, which trains with as many threads; 0.5 GPUs let two cells share one, 0 hide them all.
    `retries`: how often a cell is given to another worker. `storage`: URL of a folder for the runs, such as
    s3://bucket/grid, to which each worker uploads every `sync_every` seconds; empty if all nodes see the grid's own.
    """

    address: str = "auto"
    cpus: PositiveFloat = 1.0
    gpus: NonNegativeFloat = 0.0
    retries: NonNegativeInt = 3
    storage: str = ""
    sync_every: PositiveFloat = 60.0

    def __post_init__(self) -> None:
        for name, amount in (("cpus", self.cpus), ("gpus", self.gpus)):  # above 1, Ray assigns whole ones only
            if amount > 1 and amount != int(amount):
                raise ConfigError(f"engine.{name}: {amount} is refused: above 1 it must be a whole number")

    @property
    def threads_per_cell(self) -> int:
        """Threads of each cell, one per CPU."""
        return max(1, int(self.cpus))

    def run(self, cells: Sequence[Cell]) -> Generator[tuple[Cell, Ending]]:
        """Submit all cells to the cluster, which decides how many run at once.

        Raises PluginError without Ray or the package of the storage, ResourceError if the cluster or the storage
        cannot be reached, or if no node has room for a cell.
        """
        ray = _import_ray()
        if self.storage:
            _prepare(self.storage, cells)
        with _connected(ray, self.address):
            tasks = {self._submit(ray, cell): cell for cell in cells}
            try:
                while tasks:
                    self._wait_for_room(ray)
                    for task in ray.wait(list(tasks), timeout=10.0)[0]:
                        cell = tasks.pop(task)
                        yield cell, self._collect(ray, task, cell)
            finally:
                _cancel(ray, list(tasks))

    def _submit(self, ray: Any, cell: Cell) -> Any:
        task = ray.remote(run_cell).options(
            name=f"ganzoo {cell.name}",
            num_cpus=self.cpus,
            num_gpus=self.gpus,
            max_retries=self.retries,
            retry_exceptions=False,  # only for a worker that died
        )
        return task.remote(cell, self._environment(), self.storage, self.sync_every, str(Path.cwd()))

    def _environment(self) -> dict[str, str]:
        """Return the environment variables of a cell. With a GPU, Ray sets CUDA_VISIBLE_DEVICES itself."""
        variables = {name: value for name, value in os.environ.items() if name.startswith("GANZOO_")}
        variables["OMP_NUM_THREADS"] = str(self.threads_per_cell)
        return variables if self.gpus else variables | {"CUDA_VISIBLE_DEVICES": ""}

    def _wait_for_room(self, ray: Any) -> None:
        """Wait until a node has room for a cell. Raises ResourceError if none has after some minutes."""
        deadline = time.monotonic() + (0 if self.address == "local" else STARTUP)
        wanted = {"CPU": self.cpus, "GPU": self.gpus}
        while not any(_fits(wanted, node["Resources"]) for node in ray.nodes() if node["Alive"]):
            if time.monotonic() > deadline:
                what = f"no node of the cluster has the {self.cpus:g} CPUs and {self.gpus:g} GPUs that a cell asks for"
                raise ResourceError(what, where=self.address, hint="ray status")
            time.sleep(1.0)

    def _collect(self, ray: Any, task: Any, cell: Cell) -> Ending:
        """Return how a task ended, and download its files into the folder of the grid."""
        try:
            ending: Ending = ray.get(task)
        except ray.exceptions.TaskCancelledError:
            ending = Ending("interrupted", "cancelled; the same command goes on with it")
        except ray.exceptions.RayError as error:
            ending = Ending("failed", _describe(error))
        if self.storage:
            try:
                CellStorage(self.storage, cell).download()
            except Exception as error:  # each file system has errors of its own
                ending = replace(
                    ending, state="failed", reason=f"{ending.state}, but not downloaded: {_describe(error)}"
                )
        return ending


def _import_ray() -> Any:
    """Import Ray, which reads these variables as it loads. Raises PluginError if Ray is not installed."""
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")  # else Ray prints dead workers among our results
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        return importlib.import_module("ray")
    except ModuleNotFoundError as error:
        raise PluginError("engine ray needs the package ray", hint="pip install 'ganzoo-torch[ray]'") from error


def _prepare(url: str, cells: Sequence[Cell]) -> None:
    """Bring the storage up to date with the runs here: upload those of other engines, delete those to begin anew."""
    for cell in cells:
        try:
            storage = CellStorage(url, cell)
            storage.create()
            state = storage.read_state()
            if state == "diverged" and not cell.folder.exists():
                storage.delete()  # --retry has moved the run here away, so that the cell begins anew
            elif not state and (cell.folder / "recipe.toml").is_file():
                storage.upload()  # begun by another engine
        except GanzooError:
            raise
        except Exception as error:  # each file system has errors of its own
            raise ResourceError(f"cannot use the storage: {_describe(error)}", where=url) from error


@contextmanager
def _connected(ray: Any, address: str) -> Iterator[None]:
    """Connect to the cluster as a driver. Raises ResourceError if it cannot be reached."""
    if ray.is_initialized():  # by the caller, who will also shut it down
        yield
        return
    _check_reachable(address)
    handler = signal.getsignal(signal.SIGTERM)
    options = {"include_dashboard": False} if address == "local" else {}
    try:
        ray.init(address, log_to_driver=False, logging_level="error", **options)
    except (ConnectionError, ray.exceptions.RayError) as error:
        hint = "ray start --head, or --address local (for this machine only)"
        raise ResourceError("there is no Ray cluster", where=address, hint=hint) from error
    try:
        yield
    finally:
        ray.shutdown()
        if threading.current_thread() is threading.main_thread() and handler is not None:
            signal.signal(signal.SIGTERM, handler)  # in place of Ray's


def _check_reachable(address: str) -> None:
    """Raise ResourceError if HOST:PORT does not answer; Ray itself would try for many minutes."""
    host, _, port = address.rpartition("//")[2].rpartition(":")
    if host and port.isdigit():
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
        except OSError as error:
            raise ResourceError(f"no Ray cluster answers: {error}", where=address, hint="ray status") from error


def _fits(wanted: Mapping[str, float], resources: Mapping[str, float]) -> bool:
    return all(resources.get(name, 0) >= amount for name, amount in wanted.items())


def _cancel(ray: Any, tasks: list[Any]) -> None:
    """Cancel the tasks, so that their runs save themselves, and wait for them."""
    for task in tasks:
        ray.cancel(task)
    if tasks:
        ray.wait(tasks, num_returns=len(tasks), timeout=2 * GRACE)


def _describe(error: Exception) -> str:
    """Return an error in one line; if Ray only passes it on, the error behind it."""
    error = getattr(error, "cause", None) or error
    words = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {words}"[:300]
