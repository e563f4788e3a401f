"""Dataset -> batches. The order depends on the seed alone, and one integer is the whole position."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ganzoo.contracts import Samples
from ganzoo.errors import PluginError
from ganzoo.images import from_uint8


def check_samples(samples: Samples, dataset: str) -> None:
    """Raise PluginError if a dataset did not give what the contract promises: type, range, lengths, labels."""
    x, y, classes = samples.x, samples.y, samples.spec.num_classes
    numbers = x.dtype == torch.uint8 or (x.dtype == torch.float32 and bool((x.abs() <= 1).all()))  # nan is not <= 1
    promises = {
        "x is uint8, or float32 in [-1, 1]": numbers,
        "x and y have the same length, not 0": 0 < len(x) == len(y),
        f"y is int64 in [0, {classes})": y.dtype == torch.int64 and bool(((y >= 0) & (y < classes)).all()),
    }
    for promise, kept in promises.items():
        if not kept:
            raise PluginError(f"dataset {dataset!r} breaks its contract, by which {promise}", hint="ganzoo plugins")


class Feed:
    """An endless stream of shuffled epochs; a batch may span the end of one and the start of the next.

    Resident on the device as uint8, so that a batch costs one gather and no copy from the host.
    """

    def __init__(self, samples: Samples, seed: int, device: torch.device) -> None:
        self.x, self.y = samples.x.to(device), samples.y.to(device)
        self.seed = seed
        self.position = 0  # samples drawn so far
        self._epoch, self._order = -1, torch.empty(0, dtype=torch.long)

    def next(self, count: int) -> tuple[Tensor, Tensor]:
        """Return x (count, *shape) float32 in [-1, 1] and y (count,); advances the position."""
        parts = []
        while count > 0:
            epoch, start = divmod(self.position, len(self.x))
            parts.append(self._shuffled(epoch)[start : start + count])
            self.position += len(parts[-1])
            count -= len(parts[-1])
        index = torch.cat(parts)
        x = from_uint8(self.x[index])
        return x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x, self.y[index]

    def _shuffled(self, epoch: int) -> Tensor:
        """Return the order of one epoch (M,), from the seed and the epoch alone."""
        if epoch != self._epoch:
            entropy = np.random.SeedSequence([self.seed, epoch]).generate_state(1, np.uint64)[0]
            generator = torch.Generator().manual_seed(int(entropy))
            self._order = torch.randperm(len(self.x), generator=generator).to(self.x.device)
            self._epoch = epoch
        return self._order
