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
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganzoo.cells import die_with_parent
from ganzoo.data.decoding import DecodeOptions
from ganzoo.data.lazy import LazySamples, chunk_length, in_chunks
from ganzoo.data.listing import ImageFile, printable
from ganzoo.data.reading import count_threads, decode_into
from ganzoo.errors import DataError, ResourceError
from ganzoo.machine.limits import count_cores

AHEAD = 4  # chunks that each process may be ahead
MOST_PROCESSES = 16


class Unreadable(NamedTuple):
    """An image that could be read once and cannot any more."""

    name: str
    reason: str


@dataclass(frozen=True, eq=False)
class StreamedImages(LazySamples):
    """Images of files that were all readable when the run began."""

    files: Sequence[ImageFile]
    options: DecodeOptions
    grey: bool
    """True if one channel is enough, because all channels of every image agree."""
    workers: int
    """Processes that decode ahead."""
    threads: int
    """Threads that decode what is indexed."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(M, C, S, S)."""
        return (len(self.files), 1 if self.grey else self.options.channels, *self.options.shape[1:])

    def read(self, index: int) -> Tensor:
        """Return uint8 (C, S, S). Raises DataError if the image cannot be read any more."""
        return self[[index]][0]

    def __getitem__(self, index: slice | Sequence[int] | Tensor) -> Tensor:
        """Return uint8 (n, C, S, S), decoded by threads. Raises DataError if one cannot be read any more."""
        return require(self.decode(torch.arange(len(self.files))[index].tolist(), self.threads))

    def decode(self, indices: Sequence[int], threads: int) -> Tensor | Unreadable:
        """Return uint8 (n, C, S, S), or the first image that cannot be read."""
        files = [self.files[index] for index in indices]
        x = torch.empty(len(files), *self.options.shape, dtype=torch.uint8)
        for file, outcome in zip(files, decode_into(x, files, self.options, threads), strict=True):
            if outcome.fault:
                return Unreadable(file.name, outcome.fault)
        return x[:, :1] if self.grey else x

    def stream(self, indices: Iterator[int]) -> Generator[Tensor]:
        """Yield images decoded ahead by processes; see `LazySamples.stream`."""
        chunks = open_processes(self, indices)
        try:
            yield from map(require, chunks)
        except RuntimeError as error:
            if "exited unexpectedly" not in str(error):
                raise
            what = "a process that decodes images was killed, perhaps because memory was short"
            raise ResourceError(
                what, hint="--set dataset.workers=1 (fewer processes), or --set dataset.cache=true"
            ) from error
        finally:
            del chunks  # the last reference: ends the processes and waits for them


def require(chunk: Tensor | NDArray[np.uint8] | Unreadable) -> Tensor:
    """Return the images. Raises DataError if one of them cannot be read any more."""
    if isinstance(chunk, Unreadable):
        what = f"{printable(chunk.name)} cannot be read any more: {chunk.reason}"
        raise DataError(
            what, where="an image that was readable when the run began", hint="restore it, and resume the run"
        )
    return chunk if isinstance(chunk, Tensor) else torch.from_numpy(chunk)


class Chunks:
    """The dataset of a DataLoader: some indices -> their images, decoded in its processes."""

    def __init__(self, images: StreamedImages) -> None:
        self.images = images

    def __getitems__(self, indices: list[int]) -> NDArray[np.uint8] | Unreadable:
        """Return arrays, sent through a pipe: tensors need shared memory, of which a container has 64 MB."""
        x = self.images.decode(indices, 1)
        return x if isinstance(x, Unreadable) else x.numpy()


def open_processes(images: StreamedImages, indices: Iterator[int]) -> Iterator[NDArray[np.uint8] | Unreadable]:
    """Decode endless indices in order by processes of a DataLoader, which end when the iterator is collected."""
    from torch.utils.data import DataLoader  # takes a while to import, and few runs stream

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about more workers than cores, and about fork beside threads: see _begin
        loader: Any = DataLoader(
            Chunks(images),  # type: ignore[arg-type]  # it needs no more than __getitems__
            batch_sampler=in_chunks(indices, chunk_length(images.options.bytes)),
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
    """Keep the handler of SIGCHLD: torch's raises anywhere in the main thread, and the next chunk shows the loss."""
    main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGCHLD) if main and hasattr(signal, "SIGCHLD") else None
    yield
    if before is not None:
        signal.signal(signal.SIGCHLD, before)


def count_processes() -> int:
    """Return the number of processes that decode: one per core, but for the core of the main process."""
    return min(MOST_PROCESSES, max(1, count_cores() - 1))


def stream_files(files: Sequence[ImageFile], options: DecodeOptions, grey: bool, workers: int) -> StreamedImages:
    """Return images that stay in these files, all of which can be read; with 0 workers, as many as suit the machine."""
    return StreamedImages(files, options, grey, workers or count_processes(), count_threads(files))


def _unchanged(chunk: Any) -> Any:
    return chunk


def _begin(parent: int, _: int) -> None:
    """Drop the signal handlers that a forked process inherits, and end with the parent.

    A process that outlived a killed run would hold its lock. Threads of the parent are not inherited, and their
    locks do not matter: torch has one thread here, and Pillow none.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the run decides when to end
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    die_with_parent(parent)
    warnings.simplefilter("ignore")  # Pillow's, about odd metadata
