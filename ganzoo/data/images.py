"""Images as numbers: uint8 in datasets and files, [-1, 1] in networks; grids and PNG files."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from torch import Tensor
from torch.nn.functional import max_pool2d, pad

from ganzoo.errors import EvaluationError

PLANE_SIZE = 256  # pixels, of the square [-1, 1]^2
REAL_COLOUR, FAKE_COLOUR = (205, 205, 205), (200, 40, 20)  # grey and red on white


def from_uint8(x: Tensor) -> Tensor:
    """uint8 in [0, 255] -> float32 in [-1, 1]; floating samples pass unchanged."""
    return x if x.is_floating_point() else x.float().div_(127.5).sub_(1)


def to_uint8(x: Tensor) -> Tensor:
    """[-1, 1] -> uint8: clamped first, since a cast alone would wrap 1.02 round to black."""
    return x.float().add(1).mul(127.5).clamp(0, 255).round().to(torch.uint8)


def require_uint8(images: Tensor) -> None:
    """Raise EvaluationError for anything but uint8 images (N, C, H, W): extractors see what a file would hold."""
    if images.dtype != torch.uint8 or images.ndim != 4:
        what = f"extractors read uint8 images (N, C, H, W), not {images.dtype} {images.ndim}-D"
        raise EvaluationError(what, hint="ganzoo.data.images.to_uint8 clamps and rounds samples in [-1, 1]")


def advise_channels(channels: int, otherwise: str) -> str:
    """Return how images of so many channels can be scored: with transparency, from files, else as `otherwise` says."""
    from_files = "ganzoo sample RUN --folder -o DIR (then evaluate DIR: what is transparent becomes white)"
    return from_files if channels == 4 else otherwise


def make_grid(x: Tensor, columns: int = 0, gap: int = 2) -> Tensor:
    """uint8 (N, C, H, W) -> one uint8 image (C, H', W'), row by row; 0 columns makes it about square."""
    columns = columns or math.ceil(math.sqrt(len(x)))
    rows = math.ceil(len(x) / columns)
    x = pad(x, (0, gap, 0, gap), value=255)  # gap on the right and below
    n, channels, height, width = x.shape
    blank = x.new_full((rows * columns - n, channels, height, width), 255)
    cells = torch.cat([x, blank]).reshape(rows, columns, channels, height, width)
    return cells.permute(2, 0, 3, 1, 4).reshape(channels, rows * height, columns * width)[:, :-gap, :-gap]


def draw_points(fake: Tensor, real: Tensor | None = None) -> Tensor:
    """Draw generated points (N, 2) over real ones (M, 2), if any, on [-1, 1]^2: uint8 (3, 256, 256), y upwards.

    What lies outside is at the edge. Raises EvaluationError for samples that are no points of the plane.
    """
    picture = torch.full((3, PLANE_SIZE, PLANE_SIZE), 255, dtype=torch.uint8)
    for points, colour in ((real, REAL_COLOUR), (fake, FAKE_COLOUR)):
        if points is not None:
            picture = torch.where(mark(points), torch.tensor(colour, dtype=torch.uint8).reshape(3, 1, 1), picture)
    return picture


def mark(points: Tensor) -> Tensor:
    """Points (N, 2) -> where there is one, a dot of 2 x 2 pixels each: bool (256, 256)."""
    if points.ndim != 2 or points.shape[1] != 2:
        shape = tuple(points.shape[1:])
        what = f"samples of shape {shape} are neither images nor points of the plane, nor rows of 8 numbers"
        raise EvaluationError(what, hint="-o samples.npz, or ganzoo.Run(RUN).samples(n), which give numbers")
    column, row = ((points.cpu() * torch.tensor([1.0, -1.0]) + 1) * (PLANE_SIZE / 2)).long().clamp(0, PLANE_SIZE - 1).T
    dots = torch.zeros(1, PLANE_SIZE + 1, PLANE_SIZE + 1)
    dots[0, row, column] = 1
    return max_pool2d(dots, 2, stride=1)[0] > 0


def write_png(path: Path, image: Tensor, about: str = "") -> Path:
    """Write a uint8 image (C, H, W), grey or RGB, in one step; a PNG bears the text `about` as its description."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = image.permute(1, 2, 0).squeeze(2) if len(image) == 1 else image.permute(1, 2, 0)
    target = path.resolve()  # a link stays one
    temporary = target.with_name(f".{target.stem}.tmp-{os.getpid()}{target.suffix}")
    try:
        Image.fromarray(pixels.contiguous().cpu().numpy()).save(temporary, **_describe(path, about))
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def _describe(path: Path, about: str) -> dict[str, Any]:
    if not about or path.suffix.lower() != ".png":
        return {}
    info = PngInfo()
    info.add_text("Description", about)
    return {"pnginfo": info}
