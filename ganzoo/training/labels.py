"""Labels of generated samples: of one class, each class in turn, or as often as the classes of the training data."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor

Labels = Callable[[Tensor], Tensor]
"""Rule indices of samples (n,) -> their labels (n,)."""


def spread_labels(count: int, num_classes: int) -> Tensor:
    """Labels 0, 1, ..., K - 1, 0, 1, ...: (count,)."""
    return torch.arange(count) % num_classes


def label_rule(count: int, num_classes: int, class_counts: tuple[int, ...] = ()) -> Labels:
    """Return the labels of the first `count` samples: as often as `class_counts` (K numbers), else each in turn."""
    if not are_unequal(class_counts):
        return lambda indices: indices % num_classes
    divisor = math.gcd(*class_counts)
    counts = tuple(n // divisor for n in class_counts)
    order = torch.tensor(order_classes(counts, min(count, sum(counts))))
    return lambda indices: order[indices % len(order)]


def label_words(num_classes: int, class_counts: tuple[int, ...]) -> str:
    """Return the words of the protocol for labels: "none", "each class in turn" or "training frequency"."""
    if num_classes == 1:
        return "none"
    return "training frequency" if are_unequal(class_counts) else "each class in turn"


def are_unequal(class_counts: tuple[int, ...]) -> bool:
    """Return whether some class has more samples than another."""
    return len(set(class_counts)) > 1


@lru_cache(maxsize=4)
def order_classes(counts: tuple[int, ...], length: int) -> tuple[int, ...]:
    """Return a sequence of classes in which each is as frequent as its count says: within 1 of its share in any head.

    Sample j of class k, j = 0, 1, ..., has its place after j / f_k and not after (j + 1) / f_k samples, for the
    frequency f_k; of those that may come next, the one that is due first does. Liu and Layland 1973, Journal of the
    ACM 20, 46; Tijdeman 1980, Discrete Mathematics 32, 323. After sum(counts) samples the sequence repeats itself.
    """
    total, order = sum(counts), list[int]()
    due = [(-(-total // n), k, 1) for k, n in enumerate(counts) if n]  # last place, class, sample + 1
    early = list[tuple[int, int, int]]()  # first place, class, sample
    heapq.heapify(due)
    for place in range(1, length + 1):
        while early and early[0][0] <= place:
            _, k, j = heapq.heappop(early)
            heapq.heappush(due, (-(-(j + 1) * total // counts[k]), k, j + 1))
        _, k, j = heapq.heappop(due)
        heapq.heappush(early, (j * total // counts[k] + 1, k, j))
        order.append(k)
    return tuple(order)
