"""Two sets of features side by side: one pass over the distances of all pairs, for all that read them."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from ganzoo.data.balls import Count, Cover
from ganzoo.data.copies import rounding_error
from ganzoo.data.distances import ROWS, Block, measure_blocks, number_formats, spans
from ganzoo.data.neighbours import Neighbours, Search, find_neighbours

if TYPE_CHECKING:
    from ganzoo.data.features import FeatureSet


class Neighbourhoods(NamedTuple):
    """Balls around samples that a metric reads.

    The ball of a sample reaches to its k-th nearest other sample of its set, and always holds its centre, within the
    rounding of a network.
    """

    covered: int = 0
    """k of closed balls around samples of both sets, of which the other set's samples are covered; 0 for none."""
    counted: int = 0
    """k of open balls around real samples, in which generated ones are counted; 0 for none."""


class Comparison:
    """The distances between real and generated samples, measured once, when the first result is read."""

    def __init__(
        self, real: FeatureSet, fake: FeatureSet, wanted: Collection[Neighbourhoods], *, nearest: bool = False
    ) -> None:
        """Plan a pass for what several metrics read and, with `nearest`, the nearest real sample of each generated one.

        What there are too few samples for is left out.
        """
        self.real, self.fake, self.wants_nearest = real, fake, nearest
        reals, fakes = len(real.rows), len(fake.rows)
        self.covered_by = {each.covered for each in wanted if 0 < each.covered < min(reals, fakes)}
        self.counted_by = {each.counted for each in wanted if 0 < each.counted < reals}

    def covered(self, k: int) -> tuple[Tensor, Tensor]:
        """Return which generated samples are in the ball of a real one, bool (N,), and the reverse, bool (M,)."""
        fakes, reals = self._found.covers[k]
        return fakes.found, reals.found

    def counted(self, k: int) -> Tensor:
        """Return the number of generated samples in the ball of each real one, int64 (M,)."""
        return self._found.counts[k].found

    @property
    def nearest(self) -> Neighbours:
        """The nearest real sample of each generated one."""
        assert self._found.search is not None
        return self._found.search.found

    @cached_property
    def _found(self) -> Pass:
        found = self._plan()
        self._measure(found)
        return found

    def _plan(self) -> Pass:
        """Return what one pass has to find, with the radii of all balls."""
        real, fake = self.real.rows, self.fake.rows
        rounding = rounding_error(real)
        radii = _radii(self.real, max(self.covered_by | self.counted_by, default=0))
        others = _radii(self.fake, max(self.covered_by, default=0))
        covers = {
            k: (Cover(fake, real, radii[:, k - 1], rounding), Cover(real, fake, others[:, k - 1], rounding))
            for k in self.covered_by
        }
        counts = {k: Count(fake, real, radii[:, k - 1], rounding) for k in self.counted_by}
        return Pass(covers, counts, Search(fake, real, 1) if self.wants_nearest else None)

    def _measure(self, found: Pass) -> None:
        """Go through all pairs, in blocks."""
        real, fake = self.real.rows, self.fake.rows
        centre, formats = real.mean(dim=0, dtype=torch.float64), number_formats(real)
        numbers, unsure = torch.arange(len(fake), device=fake.device), []
        for rows in spans(len(fake), ROWS):
            candidates = found.search.candidates(numbers[rows], formats[0]) if found.search else None
            for block in measure_blocks(fake[rows], real, centre, formats[0]):
                found.see(rows, block)
                if candidates is not None:
                    candidates.add(block)
            if candidates is not None:
                unsure.append(candidates.settle())
        if found.search is not None:
            found.search.run(torch.cat(unsure), formats[1:])


class Pass(NamedTuple):
    """Results of one pass over all pairs."""

    covers: dict[int, tuple[Cover, Cover]]
    counts: dict[int, Count]
    search: Search | None

    def see(self, rows: slice, block: Block) -> None:
        """See the distances of some generated samples to some real ones."""
        columns, squares, error = block
        for fakes, reals in self.covers.values():
            fakes.see(squares, rows, columns, error)
            reals.see(squares.T, columns, rows, error)
        for count in self.counts.values():
            count.see(squares, rows, columns, error)


def _radii(features: FeatureSet, k: int) -> Tensor:
    """Return the distances of each sample to its k nearest others, float64 (R, k) or wider."""
    if not k:
        return features.rows.new_zeros(len(features.rows), 0, dtype=torch.float64)
    known = features.neighbours
    if known is None or known.distances.shape[1] < k:
        known = find_neighbours(features.rows, None, k)
    return known.distances


def compare(real: FeatureSet, fake: FeatureSet, wanted: Neighbourhoods) -> Comparison:
    """Return the comparison of two sets: the one that `fake` has, or another if that does not know what is asked."""
    known = fake.beside
    if known is not None and known.real.rows is real.rows and known.fake.rows is fake.rows:
        missing = {wanted.covered} - known.covered_by | {wanted.counted} - known.counted_by
        if not missing - {0}:
            return known
    return Comparison(real, fake, [wanted])
