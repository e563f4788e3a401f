"""The nearest rows of each row, exactly, in bounded memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ganzoo.data.distances import NUMBERS, ROWS, Block, exact_distances, measure_blocks, number_formats, spans

SPARE = 3
"""Candidates beyond the wanted ones, whose distances tell that no other row is as near."""
GROUP = 16
"""Columns whose lowest square stands for all of them, as long as nothing more is asked."""


class Neighbours(NamedTuple):
    """The k nearest rows of each of N rows."""

    distances: Tensor
    """Their distances, float64 (N, k), ascending."""
    nearest: Tensor
    """Index of the nearest, int64 (N,); the lowest of equally near ones, unless many are copies of the row."""


def find_neighbours(x: Tensor, y: Tensor | None, k: int) -> Neighbours:
    """Return the k rows of y (M, D) that are nearest to each row of x (N, D); without y the k nearest other rows of x.

    Candidates are the lowest squares in float32, and their distances are then exact. A row to which another one could
    be as near as they are, within rounding, is searched again in float64, and at last by all its exact distances.
    Memory is that of x and y and a few blocks. k is at most the number of rows to choose from.
    """
    search = Search(x, y, k)
    search.run(torch.arange(len(x), device=x.device), number_formats(search.among))
    return search.found


class Search:
    """A search of the k nearest of some rows for each row of x, which fills `found`."""

    def __init__(self, x: Tensor, y: Tensor | None, k: int) -> None:
        self.x, self.k, self.own, self.among = x, k, y is None, x if y is None else y
        self.found = Neighbours(x.new_zeros(len(x), k, dtype=torch.float64), x.new_zeros(len(x), dtype=torch.int64))

    def candidates(self, rows: Tensor, dtype: torch.dtype) -> Candidates:
        """Return the empty candidates of rows number `rows` (B,) of x."""
        return Candidates(self, rows, self.x.new_zeros(len(rows), 0, dtype=dtype), rows.new_zeros(len(rows), 0))

    def run(self, rows: Tensor, formats: Sequence[torch.dtype]) -> None:
        """Find the neighbours of rows number `rows` (B,) of x, by squares in these formats in turn."""
        centre = self.among.mean(dim=0, dtype=torch.float64)
        for dtype in formats:
            unsure = [rows[:0]]
            for part in spans(len(rows), ROWS):
                candidates = self.candidates(rows[part], dtype)
                for block in measure_blocks(self.x[rows[part]], self.among, centre, dtype):
                    candidates.add(block)
                unsure.append(candidates.settle())
            rows = torch.cat(unsure)
        self._settle_by_all(rows)

    def _settle_by_all(self, rows: Tensor) -> None:
        """Find the neighbours of rows number `rows` (U,) of x by all their exact distances."""
        every = torch.arange(len(self.among), device=rows.device)
        for part in spans(len(rows), max(1, NUMBERS // len(every))):
            others = every.expand(len(rows[part]), -1)
            if self.own:
                others = others[others != rows[part, None]].reshape(-1, len(every) - 1)
            self.settle(rows[part], others)

    def settle(self, rows: Tensor, candidates: Tensor) -> Tensor:
        """Keep the nearest of the candidates (B, C), ascending; return the distances (B,) to the last one kept."""
        pairs = rows[:, None].expand_as(candidates).flatten(), candidates.flatten()
        distances = exact_distances(self.x, self.among, *pairs).reshape(candidates.shape)
        distances, order = distances.sort(dim=1, stable=True)
        self.found.distances[rows] = distances[:, : self.k]
        self.found.nearest[rows] = candidates.gather(1, order[:, :1])[:, 0]
        return distances[:, self.k - 1]


class Candidates:
    """The nearest of the rows that were seen, for some rows x."""

    def __init__(self, search: Search, rows: Tensor, squares: Tensor, indices: Tensor) -> None:
        self.search, self.rows, self.squares, self.indices, self.error = search, rows, squares, indices, 0.0
        self.most = len(search.among) - search.own
        self.count = min(search.k + SPARE, self.most)

    def add(self, block: Block) -> None:
        """See one block of the distances of these rows."""
        first, squares = block.columns.start, block.squares
        if self.search.own:
            squares = _leave_out(squares, self.rows - first)
        low, index = narrow(squares, self.count)
        low, index = torch.cat([self.squares, low], dim=1), torch.cat([self.indices, index + first], dim=1)
        self.squares, place = low.topk(min(self.count, low.shape[1]), dim=1, largest=False)
        self.indices, self.error = index.gather(1, place), max(self.error, block.error)

    def settle(self) -> Tensor:
        """Find the neighbours among the candidates, and return those of the rows that rounding leaves unsure."""
        farthest = self.search.settle(self.rows, self.indices.sort(dim=1).values)
        if self.count == self.most:
            return self.rows[:0]
        beyond = self.squares.amax(dim=1).double() - self.error  # no other row is nearer than the root of this
        return self.rows[(farthest.square() >= beyond) & (farthest > 0)]


def narrow(squares: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return some numbers of each row of squares (B, T), the `count` lowest among them, and their columns: (B, C) each.

    They are those of the `count` groups of columns whose minima are lowest, so that most columns are read once, for a
    minimum. Groups have GROUP columns, T / GROUP apart; where that leaves a rest, or few groups, all are sorted.
    """
    groups, rest = divmod(squares.shape[1], GROUP)
    if rest or groups <= count:
        return squares.topk(min(count, squares.shape[1]), dim=1, largest=False, sorted=False)
    minima = squares.view(-1, GROUP, groups).amin(dim=1)
    chosen = minima.topk(count, dim=1, largest=False, sorted=False).indices
    columns = torch.arange(0, squares.shape[1], groups, device=squares.device)[:, None] + chosen[:, None]
    return squares.gather(1, columns.flatten(1)), columns.flatten(1)


def _leave_out(squares: Tensor, columns: Tensor) -> Tensor:
    """Put row i of squares (B, T) infinitely far from column i of `columns` (B,), where there is such a column."""
    there = ((columns >= 0) & (columns < squares.shape[1])).nonzero()[:, 0]
    squares[there, columns[there]] = torch.inf
    return squares
