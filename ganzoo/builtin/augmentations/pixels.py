"""Pixels read from elsewhere in their image: what translation, rotation and scaling have in common."""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo.contracts import DataSpec
from ganzoo.errors import ConfigError


def check_images(data: DataSpec, name: str) -> None:
    """Raise ConfigError unless samples are images (C, H, W) of at least 2 x 2 pixels."""
    if len(data.shape) != 3 or min(data.shape[1:]) < 2:
        what = (
            f"augment {name!r} changes images (C, H, W) of at least 2 x 2 pixels, but samples have shape {data.shape}"
        )
        raise ConfigError(what, hint="--augment none")


def read_pixels(x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """x (N, C, H, W); rows, columns int64 that broadcast to (N, S, T) -> (N, C, S, T).

    Gradients flow to x, and gradients of them, as penalties need: those of grid_sample have
    none in the oldest torch that ganzoo runs on.
    """
    n, channels, _, width = x.shape
    place = rows * width + columns
    read = x.reshape(n, channels, -1).gather(2, place.reshape(n, 1, -1).expand(-1, channels, -1))
    return read.reshape(n, channels, *place.shape[1:])


def resample(x: Tensor, source: Tensor) -> Tensor:
    """x (N, C, H, W); source (N, 3, 3), which maps a place in the output to one in x -> (N, C, H, W).

    Places are (x, y, 1) in pixels from the centre of the image, y downwards. Bilinear between pixels, and beyond the
    edge the image is mirrored.
    """
    height, width = x.shape[-2:]
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    along = torch.arange(width, device=x.device, dtype=x.dtype) - middle_x
    down = (torch.arange(height, device=x.device, dtype=x.dtype) - middle_y)[:, None]
    (a, b, c), (d, e, f) = (source[:, row, :, None, None].unbind(1) for row in (0, 1))
    moved = _interpolate(x, columns=a * along + b * down + c + middle_x, rows=d * along + e * down + f + middle_y)
    return moved.contiguous(memory_format=torch.channels_last)


def _interpolate(x: Tensor, *, rows: Tensor, columns: Tensor) -> Tensor:
    """x (N, C, H, W); rows, columns (N, S, T) between pixels -> (N, C, S, T)."""
    top, left = rows.floor(), columns.floor()
    (up, down), (west, east) = (
        (_mirror(near, size), _mirror(near + 1, size)) for near, size in zip((top, left), x.shape[-2:], strict=True)
    )
    below, right = (rows - top)[:, None], (columns - left)[:, None]  # in [0, 1), (N, 1, S, T)
    upper = _between(read_pixels(x, up, west), read_pixels(x, up, east), right)
    return _between(upper, _between(read_pixels(x, down, west), read_pixels(x, down, east), right), below)


def _between(a: Tensor, b: Tensor, share: Tensor) -> Tensor:
    return a + share * (b - a)  # exactly a at 0; lerp is several times as slow where it broadcasts


def _mirror(place: Tensor, size: int) -> Tensor:
    """Whole numbers -> int64 in [0, size), as if the pixels were repeated there and back, the outermost ones once."""
    period = 2 * (size - 1)
    place = place.remainder(period)
    return torch.minimum(place, period - place).long()
