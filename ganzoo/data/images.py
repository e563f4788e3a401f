"""Images as numbers: uint8 in datasets and files, [-1, 1] in networks; grids and PNG files."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import pad

from ganzoo.errors import EvaluationError


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


def make_grid(x: Tensor, columns: int = 0, gap: int = 2) -> Tensor:
    """uint8 (N, C, H, W) -> one uint8 image (C, H', W'), row by row; 0 columns makes it about square."""
    columns = columns or math.ceil(math.sqrt(len(x)))
    rows = math.ceil(len(x) / columns)
    x = pad(x, (0, gap, 0, gap), value=255)  # gap on the right and below
    n, channels, height, width = x.shape
    blank = x.new_full((rows * columns - n, channels, height, width), 255)
    cells = torch.cat([x, blank]).reshape(rows, columns, channels, height, width)
    return cells.permute(2, 0, 3, 1, 4).reshape(channels, rows * height, columns * width)[:, :-gap, :-gap]


def write_png(path: Path, image: Tensor) -> Path:
    """Write a uint8 image (C, H, W), grey or RGB."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = image.permute(1, 2, 0).squeeze(2) if len(image) == 1 else image.permute(1, 2, 0)
    Image.fromarray(pixels.contiguous().cpu().numpy()).save(path)
    return path
