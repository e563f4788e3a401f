"""Labels of generated samples: one class, each class in turn, as often as in the training data, or vectors."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from ganzoo.errors import ConfigError

Labels = Callable[[Tensor], Tensor]
"""Rule indices of samples (n,) -> their labels (n,), or (n, ...) where labels are vectors."""
MOST_VECTORS = 4096
"""Label vectors of the training data at most that are kept with a generator, as labels of what it makes."""


def spread_labels(count: int, num_classes: int) -> Tensor:
    """Labels 0, 1, ..., K - 1, 0, 1, ...: (count,)."""
    return torch.arange(count) % num_classes


def label_rule(
    count: int, num_classes: int, class_counts: tuple[int, ...] = (), vectors: Tensor | None = None
) -> Labels:
    """Return the labels of the first `count` samples: as often as `class_counts` (K numbers), else each in turn.

    Label vectors (L, ...) come in turn, in their order.
    """
    if vectors is not None:
        return lambda indices: vectors[indices % len(vectors)]
    if not are_unequal(class_counts):
        return lambda indices: indices % num_classes
    divisor = math.gcd(*class_counts)
    counts = tuple(n // divisor for n in class_counts)
    order = torch.tensor(order_classes(counts, min(count, sum(counts))))
    return lambda indices: order[indices % len(order)]


def pick_vectors(y: Tensor) -> Tensor:
    """Label vectors (M, ...) of the training data -> at most MOST_VECTORS of them, in a random order that is fixed.

    The order is random, so that the first ones are spread over the data however these are sorted.
    """
    order = np.random.RandomState(0).permutation(len(y))[:MOST_VECTORS]  # the same on every machine
    return y[torch.from_numpy(order)].cpu()


def refuse_balanced(labels: str | None, vectors: object) -> None:
    """Raise ConfigError if each class in turn is asked for where labels are vectors."""
    if labels == "balanced" and vectors is not None:
        what = "each class in turn is asked for, and the labels of this run are vectors, not classes"
        raise ConfigError(what, hint="--labels training, or --set eval.labels=training")


def label_words(num_classes: int, class_counts: tuple[int, ...], vectors: object = None) -> str:
    """Return the words of the protocol for labels: "none", those of classes, or "training vectors"."""
    if vectors is not None:
        return "training vectors"
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
