"""Memorisation: generated images that are as close to a training image as its nearest other training image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ganzoo.data.captions import Block, draw_blocks
from ganzoo.data.copies import count_copies, rounding_error
from ganzoo.data.decoding import resize_images
from ganzoo.data.distances import number_formats
from ganzoo.data.neighbours import Neighbours, Search, find_neighbours
from ganzoo.data.parts import pick_evenly
from ganzoo.errors import EvaluationError

PAIRS = 16
"""Number of closest pairs in a report."""
COLUMNS = 4
"""Pairs in a row of a picture."""
Names = tuple[str, str]
"""Class of a generated image, and class of a real one."""
SAMPLE = 2000
"""Largest number of training images that stand in for unseen images."""


class Pair(NamedTuple):
    """A generated image and its nearest training image."""

    fake: int
    real: int
    distance: float
    """Distance between the two."""
    spacing: float
    """Distance between the training image and the nearest other training image."""

    @property
    def ratio(self) -> float | None:
        """Distance / spacing: 0 for a copy, at most 1 if memorised. None if only the spacing is 0."""
        if self.distance == 0:
            return 0.0
        return self.distance / self.spacing if self.spacing > 0 else None


@dataclass(frozen=True)
class Memorisation:
    """The share of memorised images, and the closest pairs."""

    share: float
    """Share of the generated images that count as memorised, in [0, 1]."""
    expected: float
    """Share that unseen images of the same distribution would have.

    Copies give a share of 1; unseen images do not give 0, but about one half. It is the chance that an image and its
    nearest are nearest to each other, which is V / U, the volume of a ball over that of two whose centres lie on each
    other's surface: 2/3 on a line, 0.62 in a plane, towards 1/2 in many dimensions. There, some images are nearest to
    very many, and it falls further, as low as 0.1. So it is measured: the share of up to SAMPLE training images, each
    against all the others. A share well above it speaks of memorisation, one far below it of images that lie off the
    data.
    """
    pairs: tuple[Pair, ...]
    """The PAIRS pairs of the lowest ratios, or all, lowest first."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**vars(self), "pairs": [pair._asdict() for pair in self.pairs]}


def find_memorised(
    *, real: Tensor, fake: Tensor, among: Neighbours | None = None, nearest: Neighbours | None = None
) -> Memorisation:
    """real (R, D) of all training images, fake (F, D): float32 features on one device -> the share of copies.

    A generated image counts as memorised if it is no farther from its nearest training image than that one is
    from its own nearest other training image: the complement of authenticity, Alaa et al. 2022,
    arXiv:2102.08921.

    `among` are the neighbours of the training images among themselves, and `nearest` those of the generated images
    among them, where they are known. Memory is that of the features and a few blocks. Raises EvaluationError for fewer
    than two training images, or no generated one.
    """
    if len(real) < 2 or len(fake) < 1:
        what = f"{len(real)} training and {len(fake)} generated images are too few to tell memorisation"
        raise EvaluationError(what, hint="two training images or more, and one generated image")
    nearest = nearest or find_neighbours(fake, real, 1)
    once = (count_copies(real) == 1).nonzero()[:, 0]
    held_out = once[pick_evenly(min(len(once), SAMPLE), len(once)).to(once.device)] if len(once) else once
    among = among or _search_needed(real, held_out, nearest.nearest)
    rounding = rounding_error(real)
    gaps, distance = (_nearest_distance(each, rounding) for each in (among, nearest))
    spacing = gaps[nearest.nearest]
    expected = _expect(gaps, among.nearest, held_out)
    return Memorisation(_share(distance, spacing), expected, _list_closest(nearest.nearest, distance, spacing))


def _search_needed(real: Tensor, held_out: Tensor, nearest: Tensor) -> Neighbours:
    """Find the nearest other training images of those that are read: held out, nearest to one of them, or to a fake."""
    search = Search(real, None, 1)
    search.run(torch.unique(torch.cat([held_out, nearest])), number_formats(real))
    search.run(torch.unique(search.found.nearest[held_out]), number_formats(real))
    return search.found


def _nearest_distance(found: Neighbours, rounding: float) -> Tensor:
    """Return the distances (N,) to the nearest, 0 for a copy."""
    distance = found.distances[:, 0]
    return torch.where(distance <= rounding, 0, distance)


def _expect(gaps: Tensor, nearest: Tensor, held_out: Tensor) -> float:
    """Return the share of training images `held_out` (S,) that would count as memorised, had they been held out.

    `gaps` (R,) and `nearest` (R,) are distance and index of the nearest other training image of each. Those that stand
    there several times cannot be held out; nothing but a copy is as near to them as their copies are.
    """
    return _share(gaps[held_out], gaps[nearest[held_out]]) if len(held_out) else 0.0


def _share(distance: Tensor, spacing: Tensor) -> float:
    """Return the share of images that count as memorised: also where both are 0, a third copy of a training image."""
    return (distance <= spacing).double().mean().item()


def _list_closest(nearest: Tensor, distance: Tensor, spacing: Tensor) -> tuple[Pair, ...]:
    """Return the pairs of the lowest distance / spacing; 0 / 0 counts as 0, and of equals the lower index is first."""
    order = torch.where(distance == 0, 0, distance / spacing).argsort(stable=True)[:PAIRS]
    columns = [tensor[order].tolist() for tensor in (nearest, distance, spacing)]
    return tuple(Pair(*row) for row in zip(order.tolist(), *columns, strict=True))


def draw_pairs(fake_images: Tensor, real_images: Tensor, pairs: Sequence[Pair], names: Sequence[Names] = ()) -> Tensor:
    """Draw N generated images beside the nearest real ones: two uint8 (N, C, H, W), N > 0 -> uint8 (C, H', W').

    Below each pair stand the classes of both, from `names`, and its ratio.
    """
    below = list[str]()
    for pair, (fake, real) in zip(pairs, names or [("", "")] * len(pairs), strict=True):
        ratio = "" if pair.ratio is None else f"ratio {pair.ratio:.2f}"
        below += [fake, " · ".join(filter(None, (real, ratio)))]
    wide = min(COLUMNS, len(pairs))
    title = "Generated samples (left of each pair) and the real image that is nearest to each (right), nearest first."
    about = (
        "Ratio: the distance of the two, divided by that of the real image and its nearest other real image. "
        "0 is a copy; up to 1 counts as memorised."
    )
    over = ("generated", "real") * wide
    block = Block(put_in_pairs(fake_images, real_images), 2 * wide, (title, about), over, below=tuple(below))
    return draw_blocks([block])


def put_in_pairs(fake_images: Tensor, real_images: Tensor) -> Tensor:
    """Two uint8 (N, C, H, W) -> (2 N, C, H, W), in turn; grey becomes colour where the others have it.

    Smaller images are enlarged.
    """
    channels = max(fake_images.shape[1], real_images.shape[1])
    size = max(fake_images.shape[2], real_images.shape[2])
    both = [resize_images(x.expand(-1, channels, -1, -1).cpu(), size) for x in (fake_images, real_images)]
    return torch.stack(both, dim=1).flatten(0, 1)
