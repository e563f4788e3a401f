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
    """Share that unseen images of the same distribution would have."""
    pairs: tuple[Pair, ...]
    """The PAIRS pairs of the lowest ratios, or all, lowest first."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**vars(self), "pairs": [pair._asdict() for pair in self.pairs]}


def find_memorised(*, real: Tensor, fake: Tensor, block: int = 2048) -> Memorisation:
    """real (R, D) of all training images, fake (F, D): float32 features on one device -> the share of copies.

    A generated image counts as memorised if it is no farther from its nearest training image than that one is
    from its own nearest other training image: the complement of authenticity, Alaa et al. 2022,
    arXiv:2102.08921.

    What to expect: copies give a share of 1; unseen images of the same distribution do not give 0, but about one
    half. It is the chance that an image and its nearest are nearest to each other, which is V / U, the volume of
    a ball over that of two whose centres lie on each other's surface: 2/3 on a line, 0.62 in a plane, towards
    1/2 in many dimensions. There, some images are nearest to very many, and it falls further, as low as 0.1.
    So `expected` measures it: the same share for up to SAMPLE training images, each against all the others.
    A share well above it speaks of memorisation, one far below it of images that lie off the data.

    Memory is that of the features and a few blocks (block, max(block, D)). Raises EvaluationError for fewer
    than two training images, or no generated one.
    """
    if len(real) < 2 or len(fake) < 1:
        what = f"{len(real)} training and {len(fake)} generated images are too few to tell memorisation"
        raise EvaluationError(what, hint="two training images or more, and one generated image")
    nearest, distance = find_nearest(fake, real, block)
    spacing = _measure_spacing(real, nearest, block)
    return Memorisation(_share(distance, spacing), _expect(real, block), _list_closest(nearest, distance, spacing))


def _expect(real: Tensor, block: int) -> float:
    """Return the share of images of real (R, D) that would count as memorised, had they been held out.

    Those that stand there several times cannot be held out; nothing but a copy is as near to them as their copies are.
    """
    once = (count_copies(real) == 1).nonzero()[:, 0]
    if not len(once):
        return 0.0
    held_out = once[pick_evenly(min(len(once), SAMPLE), len(once)).to(once.device)]
    neighbour, gap = find_nearest(real[held_out], real, block, without=held_out)
    return _share(gap, _measure_spacing(real, neighbour, block))


def _share(distance: Tensor, spacing: Tensor) -> float:
    """Return the share of images that count as memorised: also where both are 0, a third copy of a training image."""
    return (distance <= spacing).double().mean().item()


def _measure_spacing(real: Tensor, chosen: Tensor, block: int) -> Tensor:
    """real (R, D), chosen indices (N,) -> distances float64 (N,) to the nearest other training image."""
    wanted, position = torch.unique(chosen, return_inverse=True)  # few training images are nearest to many others
    return find_nearest(real[wanted], real, block, without=wanted)[1][position]


def find_nearest(points: Tensor, others: Tensor, block: int, without: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """points (N, D), others (R, D) -> index (N,) of the nearest other, and the distance float64 (N,).

    `without` (N,): for each point, the index of an other that does not count.
    """
    spans = [slice(start, start + block) for start in range(0, len(points), block)]
    rounding = rounding_error(others)
    found = [_search(points[s], others, block, None if without is None else without[s], rounding) for s in spans]
    nearest, distance = zip(*found, strict=True)
    return torch.cat(nearest), torch.cat(distance)


def _search(
    points: Tensor, others: Tensor, block: int, without: Tensor | None, rounding: float
) -> tuple[Tensor, Tensor]:
    """Find the nearest others of one block of points; see `find_nearest`.

    The nearest is found by |p - o|^2 from matrix products in float32, about the mean, so that little cancels.
    Its distance is then computed from the difference itself, and is exactly 0 for a copy.
    """
    centre = others.mean(dim=0)
    lowest = points.new_full((len(points),), torch.inf)
    nearest = torch.zeros(len(points), dtype=torch.int64, device=points.device)
    for first in range(0, len(others), block):
        among = others[first : first + block] - centre
        squares = torch.addmm(among.square().sum(dim=1), points - centre, among.T, alpha=-2)  # |p|^2 is left out
        if without is not None:
            here = (without >= first) & (without < first + len(among))
            squares[here, without[here] - first] = torch.inf
        low, index = squares.min(dim=1)
        nearest = torch.where(low < lowest, index + first, nearest)
        lowest = torch.minimum(low, lowest)
    distance = (points.double() - others[nearest].double()).norm(dim=1)
    return nearest, torch.where(distance <= rounding, 0, distance)


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
