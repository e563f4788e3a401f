"""Points of the plane as a picture."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import max_pool2d

from ganzoo.errors import EvaluationError

SIZE = 256  # pixels, of the square [-1, 1]^2
REAL, FAKE = (205, 205, 205), (200, 40, 20)  # grey and red on white


def draw_points(fake: Tensor, real: Tensor | None = None) -> Tensor:
    """Draw generated points (N, 2) over real ones (M, 2), if any, on [-1, 1]^2: uint8 (3, 256, 256), y upwards.

    What lies outside is at the edge. Raises EvaluationError for samples that are no points of the plane.
    """
    picture = torch.full((3, SIZE, SIZE), 255, dtype=torch.uint8)
    for points, colour in ((real, REAL), (fake, FAKE)):
        if points is not None:
            picture = torch.where(mark(points), torch.tensor(colour, dtype=torch.uint8).reshape(3, 1, 1), picture)
    return picture


def mark(points: Tensor) -> Tensor:
    """Points (N, 2) -> where there is one, a dot of 2 x 2 pixels each: bool (256, 256)."""
    if points.ndim != 2 or points.shape[1] != 2:
        what = f"samples of shape {tuple(points.shape[1:])} are neither images nor points of the plane"
        raise EvaluationError(what, hint="ganzoo.Run(RUN).samples(n), which gives numbers")
    column, row = ((points.cpu() * torch.tensor([1.0, -1.0]) + 1) * (SIZE / 2)).long().clamp(0, SIZE - 1).T
    dots = torch.zeros(1, SIZE + 1, SIZE + 1)
    dots[0, row, column] = 1
    return max_pool2d(dots, 2, stride=1)[0] > 0
