"""Copies in a set of feature rows: rows that are equal to rounding, since one image stands in the set several times."""

from __future__ import annotations

import math

import torch
from torch import Tensor

ROUNDING = 1e-5
"""Distance of two rows of one image, as a share of their length: a network rounds by the size of its batch."""
FEW = 16
"""Numbers in a row below which rows are taken for exact: they are points, of which unlike ones may lie very near."""


def rounding_error(rows: Tensor) -> float:
    """Return the largest distance between rows (N, D) of one image."""
    if rows.shape[1] < FEW:
        return 0.0
    length: float = torch.linalg.vector_norm(rows, dtype=torch.float64).item()  # of all rows together
    return ROUNDING * length / math.sqrt(len(rows))


def find_copies(rows: Tensor) -> Tensor:
    """rows (N, D), N > 0 -> int64 (N,): for each row the first one that it is a copy of, itself if there is none.

    Copies are neighbours in the order of the rows along one direction, whatever that is.
    """
    rounding, scale = rounding_error(rows), rows.abs().max().item()
    direction = torch.randn(rows.shape[1], generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    direction = (direction / direction.norm()).to(rows.device)
    place = torch.cat([block.double() @ direction for block in torch.split(rows, 4096)])
    order = place.argsort(stable=True)
    near = (place[order].diff() <= rounding + 1e-12 * scale).nonzero()[:, 0]  # no farther apart than the rows are
    alike = (rows[order[near]].double() - rows[order[near + 1]].double()).norm(dim=1) <= rounding
    begins = torch.ones_like(order)
    begins[near[alike] + 1] = 0
    group = torch.empty_like(order)
    group[order] = begins.cumsum(dim=0) - 1
    first = torch.full_like(order, len(rows)).scatter_reduce(0, group, torch.arange(len(rows)).to(group), "amin")
    return first[group]


def count_copies(rows: Tensor) -> Tensor:
    """rows (N, D), N > 0 -> int64 (N,): how many times the image of each row stands in the set, itself included."""
    first = find_copies(rows)
    return first.bincount(minlength=len(rows))[first]
