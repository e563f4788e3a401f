"""Points in balls around centres: decided by squared distances, and by exact ones where rounding could decide."""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo.data.distances import exact_distances


class Cover:
    """Points in at least one ball, to which its edge belongs."""

    def __init__(self, points: Tensor, centres: Tensor, radii: Tensor, rounding: float) -> None:
        """Take points (P, D), centres (C, D), radii float64 (C,) and the largest distance of copies of a centre."""
        self.points, self.centres, self.radii = points, centres, radii.clamp(min=rounding)
        self.found = torch.zeros(len(points), dtype=torch.bool, device=points.device)

    def see(self, squares: Tensor, points: slice, centres: slice, error: float) -> None:
        """Take the squared distances (p, c) of some points and centres, wrong by at most `error`."""
        beyond = squares - self.radii[centres].square().to(squares.dtype)
        least, found = beyond.amin(dim=1), self.found[points]
        found |= least < -error
        unsure = ((least <= error) & ~found).nonzero()[:, 0]
        if not len(unsure):
            return
        i, j = (beyond[unsure] <= error).nonzero(as_tuple=True)
        i, j = unsure[i] + points.start, j + centres.start
        inside = exact_distances(self.points, self.centres, i, j) <= self.radii[j]
        self.found[i[inside]] = True


class Count:
    """The number of points in each ball, to which its edge does not belong; but what is its centre does."""

    def __init__(self, points: Tensor, centres: Tensor, radii: Tensor, rounding: float) -> None:
        """Take points (P, D), centres (C, D), radii float64 (C,) and the largest distance of copies of a centre."""
        self.points, self.centres, self.radii, self.rounding = points, centres, radii, rounding
        self.found = torch.zeros(len(centres), dtype=torch.int64, device=points.device)

    def see(self, squares: Tensor, points: slice, centres: slice, error: float) -> None:
        """Take the squared distances (p, c) of some points and centres, wrong by at most `error`."""
        radii = self.radii[centres].clamp(min=self.rounding)
        beyond = squares - radii.square().to(squares.dtype)
        self.found[centres] += (beyond < -error).view(torch.uint8).sum(dim=0, dtype=torch.int32)
        if beyond.abs_().amin() > error:
            return
        i, j = (beyond <= error).nonzero(as_tuple=True)
        i, j = i + points.start, j + centres.start
        distances = exact_distances(self.points, self.centres, i, j)
        inside = (distances < self.radii[j]) | (distances <= self.rounding)
        self.found += torch.bincount(j[inside], minlength=len(self.found))
