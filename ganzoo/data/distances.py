"""Distances of all pairs of rows: squares by blocks, with a bound of their rounding, and exact ones of single pairs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from ganzoo.data.copies import FEW

ROWS = 512
"""Rows of a block."""
COLUMNS = 2048
"""Columns of a block, which has at most 4 MiB of float32, so that it stays in the cache of a processor."""
NUMBERS = 2**21
"""Numbers in the rows of which exact distances are computed at a time: 16 MiB of float64."""
SQUARABLE = (1e-12, 1e15)
"""Range of the largest number of which float32 holds sums of squares."""


class Block(NamedTuple):
    """Squared distances of some rows x with some rows y."""

    columns: slice
    """Numbers of these y."""
    squares: Tensor
    """Squared distances (B, T), float32 or float64; a small one may come out below 0."""
    error: float
    """Bound of their rounding errors."""


def spans(count: int, length: int) -> list[slice]:
    """Return the parts of `length` of so many rows; the last may be shorter."""
    return [slice(start, min(start + length, count)) for start in range(0, count, length)]


def number_formats(rows: Tensor) -> tuple[torch.dtype, ...]:
    """Return the formats to try in turn; float32 does not tell points of few numbers apart, which may lie very near."""
    low, high = SQUARABLE
    fits = rows.shape[1] >= FEW and low < rows.abs().max().item() < high
    return (torch.float32, torch.float64) if fits else (torch.float64,)


def measure_blocks(x: Tensor, y: Tensor, centre: Tensor, dtype: torch.dtype) -> Iterator[Block]:
    """Yield |x_i - y_j|^2 of rows x (B, D) and y (M, D), COLUMNS at a time.

    They are products of matrices in `dtype`, about a centre (D,) so that little cancels. The rounding of a sum of D
    terms is at most D eps / 2 of the sum of their sizes (Higham 2002, Accuracy and Stability of Numerical Algorithms,
    section 3.1), here of |x|^2 + |y|^2 + 2 |x| |y|; some eps more are those of the differences.
    """
    unit = (x.shape[1] + 16) * torch.finfo(dtype).eps
    a, a_squares = _about(x, centre, dtype)
    left = torch.cat([a, a_squares, torch.ones_like(a_squares)], dim=1)
    for columns in spans(len(y), COLUMNS):
        b, b_squares = _about(y[columns], centre, dtype)
        right = torch.cat([-2 * b, torch.ones_like(b_squares), b_squares], dim=1)
        yield Block(columns, left @ right.T, unit * float(a_squares.max() + b_squares.max()))


def _about(rows: Tensor, centre: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return the rows (B, D) less the centre, and their squared lengths (B, 1)."""
    wide = torch.promote_types(rows.dtype, dtype)
    moved = (rows.to(wide) - centre.to(wide)).to(dtype)
    return moved, moved.square().sum(dim=1, keepdim=True)


def exact_distances(x: Tensor, y: Tensor, i: Tensor, j: Tensor) -> Tensor:
    """Return |x_i - y_j| of pairs of rows i, j (P,), float64: by their differences, so 0 for equal rows.

    It is the same number wherever it is asked, so that a point on the edge of a ball is found there.
    """
    size = max(1, NUMBERS // x.shape[1])
    parts = list(zip(torch.split(i, size), torch.split(j, size), strict=True))
    return torch.cat([_measure(x[first], y[second]) for first, second in parts] or [x.new_zeros(0).double()])


def _measure(x: Tensor, y: Tensor) -> Tensor:
    """x, y (P, D) -> float64 (P,)."""
    pairs = x.double().unsqueeze(1), y.double().unsqueeze(1)
    return torch.cdist(*pairs, compute_mode="donot_use_mm_for_euclid_dist").flatten()
