"""Feed batches of a dataset. The order depends on the seed alone, and the position is one integer."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterator

import numpy as np
import torch
from torch import Tensor

from ganzoo.contracts import Samples
from ganzoo.data.images import from_uint8
from ganzoo.data.samples import Pixels
from ganzoo.training.randomness import derive_seed
from ganzoo.training.ranks import SINGLE, Ranks


class Feed:
    """An endless stream of shuffled epochs; a batch may span the end of one and the start of the next.

    The place of the samples decides the cost of a batch, and nothing else: on the device a batch is one gather; on the
    host, a gather and a copy; samples that do not fit in memory are decoded ahead by processes, in the same order.
    """

    def __init__(self, samples: Samples, seed: int, device: torch.device, ranks: Ranks = SINGLE) -> None:
        self.x, self.y = place(samples.x, device), samples.y.to(device)
        self.mirrored = send(pick_mirrored(len(samples), seed), device) if samples.flip else None
        self.seed, self.ranks, self.device = seed, ranks, device
        self._order_seed = seed
        self.position = 0  # samples drawn so far
        self._epoch, self._order = -1, torch.empty(0, dtype=torch.long)
        self._reader: Reader | None = None

    def next(self, count: int) -> tuple[Tensor, Tensor]:
        """Return x (N, *shape) float32 in [-1, 1] and y (N, ...), this rank's share of `count`; advance the position.

        Raises DataError if streamed samples can no longer be read.
        """
        start, share = self.position, self.ranks.share(count)
        index = self._draw(count)[share]
        x = self._gather(index) if isinstance(self.x, Tensor) else self._read(start, count)[share]
        index = send(index, self.device)
        if self.mirrored is not None:
            epoch = (torch.arange(start, start + count, device=self.device) // len(self.y))[share]
            x = mirror(x, self.mirrored[index] ^ (epoch % 2 == 1))
        x = from_uint8(x)
        x = x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x  # as convolutions read (N, C, H, W)
        return x, self.y[index]

    def reorder(self, rollbacks: int) -> None:
        """Take the order of the data that follows from the seed and a number of rollbacks."""
        if (seed := derive_seed(self.seed, rollbacks)) != self._order_seed:
            self.close()
            self._order_seed, self._epoch = seed, -1

    def close(self) -> None:
        """End the processes that decode ahead; another batch would start them again."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _draw(self, count: int) -> Tensor:
        """Return the indices of the next samples (count,), and advance the position."""
        parts, end = [], self.position + count
        while self.position < end:
            epoch, start = divmod(self.position, len(self.y))
            parts.append(self._shuffled(epoch)[start : start + end - self.position])
            self.position += len(parts[-1])
        return torch.cat(parts)

    def _shuffled(self, epoch: int) -> Tensor:
        """Return the order of one epoch (M,), on the device of the samples."""
        if epoch != self._epoch:
            device = self.x.device if isinstance(self.x, Tensor) else torch.device("cpu")
            self._order, self._epoch = send(shuffle(len(self.y), self._order_seed, epoch), device), epoch
        return self._order

    def _gather(self, index: Tensor) -> Tensor:
        """Return samples (count, *shape) that are in memory."""
        assert isinstance(self.x, Tensor)
        return send(self.x[index], self.device)

    def _read(self, start: int, count: int) -> Tensor:
        """Return streamed samples (count, *shape) from `start` on; all ranks decode all, since shares vary."""
        assert not isinstance(self.x, Tensor)
        if self._reader is None or self._reader.position != start:
            self.close()
            self._reader = Reader(self.x.stream(walk(len(self.y), self._order_seed, start)), start)
        return send(self._reader.take(count), self.device)


class Reader:
    """Reader of a stream of chunks that returns any number of samples at a time."""

    def __init__(self, chunks: Generator[Tensor], position: int) -> None:
        self.position = position
        self._chunks, self._rest = chunks, torch.empty(0)

    def take(self, count: int) -> Tensor:
        """Return the next samples (count, *shape)."""
        parts, missing = [], count
        while missing > 0:
            if len(self._rest) == 0:
                self._rest = next(self._chunks)
            parts.append(self._rest[:missing])
            self._rest = self._rest[missing:]
            missing -= len(parts[-1])
        self.position += count
        return torch.cat(parts)

    def close(self) -> None:
        """End the stream."""
        self._chunks.close()


def place(x: Pixels, device: torch.device) -> Pixels:
    """Move samples to the device, images as uint8, unless they would fill half of its free memory."""
    if not isinstance(x, Tensor) or (device.type == "cuda" and x.nbytes > torch.cuda.mem_get_info(device)[0] // 2):
        return x
    return x.to(device)


def send(x: Tensor, device: torch.device) -> Tensor:
    """Move a batch to the device; from pinned memory to CUDA, so that the host does not wait for the copy."""
    if device.type == "cuda" and not x.is_cuda:
        return x.pin_memory().to(device, non_blocking=True)
    return x


def shuffle(length: int, seed: int, epoch: int) -> Tensor:
    """Return the order of one epoch (length,), which depends on the seed and the epoch alone."""
    entropy = np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0]
    return torch.randperm(length, generator=torch.Generator().manual_seed(int(entropy)))


def pick_mirrored(length: int, seed: int) -> Tensor:
    """Return bool (length,): the half of the samples that even epochs mirror; odd epochs mirror the other half."""
    entropy = np.random.SeedSequence([seed, 0, 1]).generate_state(1, np.uint64)[0]  # no epoch has three numbers
    return torch.randperm(length, generator=torch.Generator().manual_seed(int(entropy))) < length // 2


def mirror(x: Tensor, mirrored: Tensor) -> Tensor:
    """Mirror some samples left to right, along the last dimension: x (N, C, H, W), mirrored bool (N,)."""
    return torch.where(mirrored.reshape(-1, 1, 1, 1), x.flip(-1), x)


def walk(length: int, seed: int, position: int) -> Iterator[int]:
    """Yield the indices of all epochs, from a position on, without end."""
    first, start = divmod(position, length)
    for epoch in itertools.count(first):
        order = shuffle(length, seed, epoch)
        for begin in range(start, length, 2**16):  # a list of the whole epoch takes five times the memory
            yield from order[begin : begin + 2**16].tolist()
        start = 0
