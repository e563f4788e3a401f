"""Functions of all pairs of rows, such as a kernel or a distance, without the n x n matrix in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

ENTRIES = 2**23
"""Values in a block: 64 MiB of float64."""
TILE = 4096
"""Rows that are converted to float64 at a time, so that no second, wider copy of all features is made."""


def pairwise(x: Tensor, y: Tensor, function: Callable[[Tensor, Tensor], Tensor]) -> Iterator[tuple[slice, Tensor]]:
    """Yield (rows, function(x[rows], y)): blocks float64 (B, M) of the matrix (N, M) of all pairs, in order.

    x: (N, D), y: (M, D). `function` takes (B, D) and (T, D) to (B, T); it is computed in float64, because a
    kernel distance is a small difference of large means, and float32 distances depend on the block size.
    """
    size = max(1, min(TILE, ENTRIES // len(y)))
    for start in range(0, len(x), size):
        rows = slice(start, min(start + size, len(x)))
        block = x[rows].double()
        yield rows, torch.cat([function(block, tile.double()) for tile in torch.split(y, TILE)], dim=1)
