"""The processes that train one run together, each on its share of every batch.

torchrun starts them and sets the rank of each in its environment. They have the same weights and the same random state
after every step: shares are rows of the batch of one process, and gradients are averaged once per step of an
optimiser. DistributedDataParallel does not serve: it expects one loss and one backward pass for each forward pass,
where a GAN has two players, a penalty that is differentiated twice, and passes without any gradient.

A single process neither waits nor sends, and torch.distributed is not set up.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import Tensor

from ganzoo.errors import ConfigError, Explained, ResourceError
from ganzoo.training import randomness

PATIENCE = timedelta(days=1)
"""Longest wait for other ranks: rank 0 may score for hours. A rank that dies is noticed at once."""

_GRACE = 10.0
"""Seconds that a rank with an error waits for rank 0 to end too, which has to write the state of the run."""


@dataclass(frozen=True)
class Ranks:
    """The place of this process among those of a run. Rank 0 is the main one: it alone writes and prints."""

    rank: int = 0
    size: int = 1
    local: int = 0
    """Number of this rank on its machine, and of its GPU."""

    @property
    def is_main(self) -> bool:
        """Return whether this is rank 0."""
        return self.rank == 0

    def share(self, count: int) -> slice:
        """Return this rank's rows of a joint batch, whose size is a multiple of the number of ranks."""
        rows = count // self.size
        return slice(self.rank * rows, (self.rank + 1) * rows)

    @torch.no_grad()
    def average(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor by its mean over the ranks, in place: one message for all, which share a device."""
        if self.size == 1 or not tensors:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        with _explained():
            torch.distributed.all_reduce(flat)
        parts = torch.split(flat.div_(self.size), [tensor.numel() for tensor in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view(tensor.shape))

    @torch.no_grad()
    def gather(self, values: Tensor) -> Tensor:
        """Concatenate the values of all ranks in order: (N,), N equal on all ranks -> (size * N,)."""
        if self.size == 1:
            return values
        parts = [torch.empty_like(values) for _ in range(self.size)]
        with _explained():
            torch.distributed.all_gather(parts, values.contiguous())
        return torch.cat(parts)

    @torch.no_grad()
    def broadcast(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor by that of rank 0, in place."""
        if self.size > 1:
            with _explained():
                for tensor in tensors:
                    whole = tensor.contiguous()
                    torch.distributed.broadcast(whole, src=0)
                    tensor.copy_(whole)

    def maximum(self, *numbers: int) -> list[int]:
        """Return the elementwise maximum over ranks; waits for the ranks, but for no GPU."""
        if self.size == 1:
            return list(numbers)
        message = torch.tensor(numbers, dtype=torch.int64)
        with _explained():
            torch.distributed.all_reduce(message, op=torch.distributed.ReduceOp.MAX)
        return [int(number) for number in message]

    @contextmanager
    def local_rank_first(self) -> Iterator[None]:
        """Run the body on the first rank of each machine before the others, so that they find its downloads."""
        if self.local > 0:
            self.maximum(0)
        yield
        if self.local == 0:
            self.maximum(0)

    @contextmanager
    def distinct_draws(self, device: torch.device) -> Iterator[None]:
        """Draw different random numbers on each rank within the body; restore the common random states after it.

        The seed follows from the state of the device's generator, which must have moved since the last call.
        """
        if self.size == 1:
            yield
            return
        state = randomness.read_generator(device).numpy().tobytes()
        seed = hashlib.blake2b(state + bytes(str(self.rank), "ascii"), digest_size=7).digest()
        with randomness.reseeded(int.from_bytes(seed), device):
            yield


SINGLE = Ranks()


def read_ranks() -> Ranks:
    """Return the ranks that torchrun has set in the environment; SINGLE without torchrun.

    Raises ConfigError for values that are not those of torchrun.
    """
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK")
    if not all(name in os.environ for name in names):
        return SINGLE
    rank, size, local = (os.environ[name] for name in names)
    if not (rank.isdecimal() and size.isdecimal() and local.isdecimal() and int(rank) < int(size)):
        what = f"RANK={rank} of WORLD_SIZE={size} with LOCAL_RANK={local} is not what torchrun sets"
        raise ConfigError(what, where="the environment", hint="unset RANK WORLD_SIZE LOCAL_RANK (or use torchrun)")
    return Ranks(int(rank), int(size), int(local))


@contextmanager
def joined(ranks: Ranks, device: str) -> Iterator[None]:
    """Connect to the other ranks; all of them leave together. `device` is the setting train.device.

    Raises ResourceError if a rank has no GPU of its own, or if the ranks cannot reach each other. If rank 0 ends
    with an error too, the others print nothing: they raise SystemExit.
    """
    if ranks.size == 1:
        yield
        return
    _join(ranks, device)
    try:
        yield
        ranks.maximum(0)  # wait: rank 0 may still be scoring
    except Explained as error:
        if not ranks.is_main and _rank_0_ends():
            raise SystemExit(error.exit_code) from error
        raise  # still connected: the others notice when this process is gone
    torch.distributed.destroy_process_group()


def _join(ranks: Ranks, device: str) -> None:
    cuda = device != "cpu" and torch.cuda.is_available()
    if cuda:
        _choose_gpu(ranks)
    backend = "cpu:gloo,cuda:nccl" if cuda else "gloo"  # messages on the CPU wait for no GPU
    try:
        torch.distributed.init_process_group(backend, rank=ranks.rank, world_size=ranks.size, timeout=PATIENCE)
    except (RuntimeError, ValueError) as error:
        what = f"rank {ranks.rank} cannot reach the others: {error}"
        raise ResourceError(what, hint=f"torchrun --nproc-per-node {ranks.size} -m ganzoo ...") from error


def _choose_gpu(ranks: Ranks) -> None:
    """Make this rank's own GPU the current CUDA device."""
    if ranks.local >= (count := torch.cuda.device_count()):
        what = f"rank {ranks.rank} has no GPU of its own: this machine has {count}"
        raise ResourceError(what, hint=f"torchrun --nproc-per-node {count} -m ganzoo ..., or --device cpu")
    torch.cuda.set_device(ranks.local)


def _rank_0_ends() -> bool:
    """Wait briefly for rank 0 to end, and return whether it did: torchrun kills it once another rank is gone."""
    start = time.monotonic()
    try:
        message = torch.distributed.irecv(torch.zeros(1), src=0)  # which rank 0 never sends
        if message is not None:
            message.wait(timedelta(seconds=_GRACE))
    except RuntimeError:
        return time.monotonic() - start < _GRACE
    return False


@contextmanager
def _explained() -> Iterator[None]:
    """Raise one ResourceError for all the ways in which torch reports a lost rank."""
    try:
        yield
    except RuntimeError as error:
        what = f"another rank has ended: {str(error).rpartition('] ')[2][:200]}"  # after gloo's file and address
        raise ResourceError(what, hint="read its error, and resume the run on any number of ranks") from error
