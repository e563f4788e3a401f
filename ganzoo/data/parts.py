"""A part of a set of samples: a seeded pick that is even over all classes."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def pick_evenly(count: int, total: int, *, labels: Tensor | None = None, seed: int = 0) -> Tensor:
    """Return the sorted indices, int64 (count,), of a random pick out of `total` that is even over all of them.

    With labels int64 (total,), each class has its share to within one sample. The pick of N is within that of
    N + 1, and is the same on every machine. Raises ValueError if count is not in [0, total].
    """
    if not 0 <= count <= total:
        raise ValueError(f"cannot pick {count} out of {total}")
    order = np.argsort(_ranks(total, labels, seed), kind="stable")
    return torch.from_numpy(np.sort(order[:count]).astype(np.int64))


def _ranks(total: int, labels: Tensor | None, seed: int) -> np.ndarray:
    """Return float64 (total,): the smaller, the earlier a sample is picked.

    The j-th of the n samples of a class has (j + u) / n, so that below any t there are n * t of them, to within one;
    u in [0, 1) is the class's own, without which small classes would all come late, or all early.
    """
    draws = np.random.RandomState(seed)  # its numbers are frozen, while torch's may change with the version
    shuffled = draws.permutation(total)
    if labels is None or total == 0:
        return np.argsort(shuffled)  # the place of each sample in the shuffled order
    _, y, sizes = np.unique(labels.cpu().numpy()[shuffled], return_inverse=True, return_counts=True)
    by_class = np.argsort(y, kind="stable")
    place = np.empty(total, dtype=np.int64)
    place[by_class] = np.arange(total) - (np.cumsum(sizes) - sizes)[y[by_class]]
    ranks = np.empty(total)
    ranks[shuffled] = (place + draws.random_sample(len(sizes))[y]) / sizes[y]
    return ranks
