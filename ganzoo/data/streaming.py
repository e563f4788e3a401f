"""Images that stay in their files: decoded when asked for, or ahead of time by processes in a given order."""

from __future__ import annotations

import os
import signal
import sys
import threading
import warnings
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganzoo.cells import die_with_parent
from ganzoo.data.listing import ImageFile, printable
from ganzoo.data.reading import Look, count_threads, decode_into
from ganzoo.data.samples import LazyImages
from ganzoo.errors import DataError, ResourceError
from ganzoo.machine import count_cores

CHUNK_BYTES = 2**21  # of pixels that a process decodes and sends at once
CHUNK = 64  # images of it at most
AHEAD = 4  # chunks that each process may be ahead
MOST_PROCESSES = 16


class Lost(NamedTuple):
    """An image that could be read once and cannot any more."""

    name: str
    reason: str


@dataclass(frozen=True, eq=False)
class StreamedImages(LazyImages):
    """Images of files that were all readable when the run began."""

    files: Sequence[ImageFile]
    look: Look
    grey: bool
    """Whether one channel says all."""
    workers: int
    """Processes that decode ahead."""
    threads: int
    """That decode what is asked for directly."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(M, C, S, S)."""
        return (len(self.files), 1 if self.grey else self.look.channels, self.look.size, self.look.size)

    def __getitem__(self, index: slice | Sequence[int] | Tensor) -> Tensor:
        """Decode by threads."""
        return require(self.decode(torch.arange(len(self.files))[index].tolist(), self.threads))

    def decode(self, indices: Sequence[int], threads: int) -> Tensor | Lost:
        """Return uint8 (n, C, S, S), or the first image that cannot be read."""
        files = [self.files[index] for index in indices]
        x = torch.empty(len(files), self.look.channels, self.look.size, self.look.size, dtype=torch.uint8)
        for file, outcome in zip(files, decode_into(x, files, self.look.background, threads), strict=True):
            if isinstance(outcome, str):
                return Lost(file.name, outcome)
        return x[:, :1] if self.grey else x

    def stream(self, indices: Iterator[int]) -> Generator[Tensor]:
        """Decode by processes."""
        chunks = open_processes(self, indices)
        try:
            yield from map(require, chunks)
        except RuntimeError as error:
            if "exited unexpectedly" not in str(error):
                raise
            what, hint = "a process that decodes images was killed, perhaps for want of memory", "ganzoo resume, "
            raise ResourceError(what, hint=hint + "with --set dataset.workers=1") from error
        finally:
            del chunks  # the last reference: ends the processes and waits for them


def require(chunk: Tensor | NDArray[np.uint8] | Lost) -> Tensor:
    """Return the images. Raises DataError if one is lost."""
    if isinstance(chunk, Lost):
        what = f"{printable(chunk.name)} cannot be read any more: {chunk.reason}"
        raise DataError(what, where="an image that was readable when the run began", hint="restore it; ganzoo resume")
    return chunk if isinstance(chunk, Tensor) else torch.from_numpy(chunk)


class Chunks:
    """What a DataLoader asks in its processes: some indices -> their images."""

    def __init__(self, images: StreamedImages) -> None:
        self.images = images

    def __getitems__(self, indices: list[int]) -> NDArray[np.uint8] | Lost:
        """As arrays, which travel through a pipe: shared memory is 64 MB in a container, and a bus error beyond."""
        x = self.images.decode(indices, 1)
        return x if isinstance(x, Lost) else x.numpy()


def open_processes(images: StreamedImages, indices: Iterator[int]) -> Iterator[NDArray[np.uint8] | Lost]:
    """Return what DataLoader's processes make of endless indices, in their order; it ends them when it is collected."""
    from torch.utils.data import DataLoader  # takes a while to import, and few runs stream

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about more workers than cores, and about fork beside threads: see _begin
        loader: Any = DataLoader(
            Chunks(images),  # type: ignore[arg-type]  # it needs no more than __getitems__
            batch_sampler=_cut(indices, chunk_length(images.look)),
            num_workers=images.workers,
            prefetch_factor=AHEAD,
            collate_fn=_unchanged,
            worker_init_fn=partial(_begin, os.getpid()),
            generator=torch.Generator(),  # else it draws from the random state of the run
            multiprocessing_context="fork" if sys.platform == "linux" else None,  # no main guard is needed
        )
        with _keeping_handler():
            return iter(loader)


@contextmanager
def _keeping_handler() -> Iterator[None]:
    """torch's own handler of SIGCHLD raises wherever the main thread is; without it a loss shows at the next chunk."""
    main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGCHLD) if main and hasattr(signal, "SIGCHLD") else None
    yield
    if before is not None:
        signal.signal(signal.SIGCHLD, before)


def chunk_length(look: Look) -> int:
    """Return how many images a process decodes at once."""
    return max(1, min(CHUNK, CHUNK_BYTES // (look.channels * look.size**2)))


def count_processes() -> int:
    """Return one for each core but that of the main process."""
    return min(MOST_PROCESSES, max(1, count_cores() - 1))


def stream_files(files: Sequence[ImageFile], look: Look, grey: bool, workers: int) -> StreamedImages:
    """Return images that stay in these files, all of which can be read; with 0 workers, as many as suit the machine."""
    return StreamedImages(files, look, grey, workers or count_processes(), count_threads(files))


def _cut(indices: Iterator[int], length: int) -> Iterator[list[int]]:
    """0, 1, 2, ... -> [0, 1], [2, 3], ... for length 2."""
    while chunk := list(islice(indices, length)):
        yield chunk


def _unchanged(chunk: Any) -> Any:
    return chunk


def _begin(parent: int, _: int) -> None:
    """Shed what a forked process inherits: handlers by which a run saves itself, and a parent that may be killed.

    A process that outlived a killed run would hold its lock. Threads of the parent are not inherited, and their
    locks do not matter: torch has one thread here, and Pillow none.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the run decides when to end
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    die_with_parent(parent)
    warnings.simplefilter("ignore")  # Pillow's, about odd metadata
