"""Samples that are read when they are needed: one by one, or ahead of time in a given order."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import ClassVar

import torch
from torch import Tensor

from ganzoo.errors import PluginError
from ganzoo.machine.limits import count_cores

CHUNK_BYTES = 2**21
"""Bytes of samples that are read at once, about."""
CHUNK = 64
"""Samples that are read at once, at most."""
MOST_THREADS = 8


class LazySamples(ABC):
    """Samples that memory does not hold, read when they are needed. A subclass says its `shape` and how to `read` one.

    Samples of floats also set `dtype = torch.float32`. A subclass that reads many at once faster than one by one
    overrides `__getitem__`; one that reads ahead in a way of its own, `stream`.
    """

    dtype: ClassVar[torch.dtype] = torch.uint8
    """torch.uint8 for images, from 0 to 255; torch.float32 for other samples, in [-1, 1]."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """(M, *shape): the number of samples, then the shape of one, such as (C, H, W)."""

    @abstractmethod
    def read(self, index: int) -> Tensor:
        """Return sample `index` of M, of shape (*shape) and of `dtype`; several threads may ask at once.

        It is the same every time. Raises DataError, saying what to do, for a sample that cannot be read any more.
        """

    @property
    def ndim(self) -> int:
        """Number of dimensions of all samples together: 4 for images."""
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: slice | Sequence[int] | Tensor) -> Tensor:
        """Return samples (n, *shape). Raises what `read` raises, and PluginError if it gave something else."""
        rows = [self._read(number) for number in torch.arange(len(self))[index].tolist()]
        return torch.stack(rows) if rows else torch.empty(0, *self.shape[1:], dtype=self.dtype)

    def _read(self, number: int) -> Tensor:
        row = self.read(number)
        found = (row.dtype, tuple(row.shape)) if isinstance(row, Tensor) else (type(row).__name__, "")
        if found != (self.dtype, tuple(self.shape[1:])):
            what = f"{type(self).__name__}.read({number}) gave {found[0]} {found[1]}".rstrip()
            raise PluginError(f"{what}, and promised {self.dtype} {tuple(self.shape[1:])}", hint="ganzoo plugins")
        return row

    def stream(self, indices: Iterator[int]) -> Generator[Tensor]:
        """Yield the samples of endless indices in their order, (n, *shape), read ahead by threads; n may be any number.

        Closing the generator ends all that it started. Raises what `__getitem__` raises.
        """
        chunks = in_chunks(indices, chunk_length(math.prod(self.shape[1:]) * self.dtype.itemsize))
        threads = min(MOST_THREADS, count_cores())
        with ThreadPoolExecutor(threads) as pool:
            ahead = deque(pool.submit(self.__getitem__, chunk) for chunk in islice(chunks, 2 * threads))
            try:
                while ahead:
                    part = ahead.popleft().result()
                    ahead.extend(pool.submit(self.__getitem__, chunk) for chunk in islice(chunks, 1))
                    yield part
            finally:
                pool.shutdown(cancel_futures=True)


def chunk_length(sample_bytes: int) -> int:
    """Return the number of samples that are read at once."""
    return max(1, min(CHUNK, CHUNK_BYTES // sample_bytes))


def in_chunks(indices: Iterator[int], length: int) -> Iterator[list[int]]:
    """0, 1, 2, ... -> [0, 1], [2, 3], ... for length 2."""
    while chunk := list(islice(indices, length)):
        yield chunk
