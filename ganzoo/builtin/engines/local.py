"""Run cells on this machine: several at once, each with its share of the cores or a GPU of its own."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Annotated, ClassVar

import torch
from annotated_types import Ge, Le

from ganzoo.builtin.engines.forkserver import ForkServer
from ganzoo.cells import Cell, Ending, execute, start_process
from ganzoo.contracts import Engine
from ganzoo.machine.limits import count_cores

MOST = 1024
"""Cells at once, and threads of a cell: no machine that is sold has more cores in one socket."""


@dataclass(frozen=True)
class Local(Engine):
    """Processes on this machine, each with its share of the cores, or with one GPU where there are some.

    `jobs`: cells at once; 0 means one per GPU, or per core where there is no GPU. `threads`: of each cell; 0 means an
    equal share of the cores. Results are bit-equal only for equal numbers of threads. `fork`: on Linux, cells are forks
    of a process that has imported torch; false starts each anew. Nobody's invention.
    """

    is_here: ClassVar[bool] = True

    jobs: Annotated[int, Ge(0), Le(MOST)] = 0
    threads: Annotated[int, Ge(0), Le(MOST)] = 0
    fork: bool = True

    @property
    def cells_at_once(self) -> int:
        """Number of processes, by `jobs`, the GPUs or the cores."""
        return self.jobs or torch.cuda.device_count() or count_cores()

    @property
    def threads_per_cell(self) -> int:
        """Threads of each process, by `threads` or an equal share of the cores."""
        return self.threads or max(1, count_cores() // self.cells_at_once)

    def run(self, cells: Sequence[Cell]) -> Generator[tuple[Cell, Ending]]:
        """Run the cells, `cells_at_once` of them at a time."""
        shares: SimpleQueue[dict[str, str]] = SimpleQueue()
        for share in self._shares():
            shares.put(share)
        stopped = threading.Event()

        def work(cell: Cell) -> Ending:
            share = shares.get()
            try:
                if stopped.is_set():
                    return Ending("interrupted", "not begun")
                return execute(cell, share, stopped.is_set, server.start if self.fork else start_process)
            finally:
                shares.put(share)

        with ForkServer() as server, ThreadPoolExecutor(shares.qsize(), "cell") as pool:
            futures: dict[Future[Ending], Cell] = {pool.submit(work, cell): cell for cell in cells}
            try:
                for future in as_completed(futures):
                    yield futures[future], future.result()
            finally:
                stopped.set()  # the runs save themselves; the pool waits for them as it closes

    def _shares(self) -> list[dict[str, str]]:
        """Return the environment variables of each cell that runs at once: its threads and its GPU."""
        gpus = torch.cuda.device_count()
        threads = {"OMP_NUM_THREADS": str(self.threads_per_cell)}
        visible = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if gpus else []
        names = visible if len(visible) == gpus else [str(gpu) for gpu in range(gpus)]
        jobs = range(self.cells_at_once)
        return [threads | ({"CUDA_VISIBLE_DEVICES": names[job % gpus]} if gpus else {}) for job in jobs]
