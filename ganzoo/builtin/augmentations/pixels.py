"""Read pixels from other places of their image, for translation, rotation and scaling."""

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
    """Read pixels: x (N, C, H, W); rows, columns int64 that broadcast to (N, S, T) -> (N, C, S, T).

    Differentiable twice, as penalties need: grid_sample is not in the oldest torch that ganzoo supports.
    """
    n, channels, _, width = x.shape
    place = rows * width + columns
    read = x.reshape(n, channels, -1).gather(2, place.reshape(n, 1, -1).expand(-1, channels, -1))
    return read.reshape(n, channels, *place.shape[1:])


def resample(x: Tensor, source: Tensor) -> Tensor:
    """Resample images: x (N, C, H, W); source (N, 3, 3), maps from places in the output to places in x -> (N, C, H, W).

    Places are (x, y, 1) in pixels from the centre of the image, y downwards. Values between pixels are bilinear; beyond
    the edge the image is mirrored.
    """
    height, width = x.shape[-2:]
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    along = torch.arange(width, device=x.device, dtype=x.dtype) - middle_x
    down = (torch.arange(height, device=x.device, dtype=x.dtype) - middle_y)[:, None]
    (a, b, c), (d, e, f) = (source[:, row, :, None, None].unbind(1) for row in (0, 1))
    moved = _interpolate(x, columns=a * along + b * down + c + middle_x, rows=d * along + e * down + f + middle_y)
    return moved.contiguous(memory_format=torch.channels_last)


def _interpolate(x: Tensor, *, rows: Tensor, columns: Tensor) -> Tensor:
    """Interpolate bilinearly: x (N, C, H, W); rows, columns (N, S, T) between pixels -> (N, C, S, T)."""
    top, left = rows.floor(), columns.floor()
    (up, down), (west, east) = (
        (_mirror(near, size), _mirror(near + 1, size)) for near, size in zip((top, left), x.shape[-2:], strict=True)
    )
    below, right = (rows - top)[:, None], (columns - left)[:, None]  # in [0, 1), (N, 1, S, T)
    upper = _between(read_pixels(x, up, west), read_pixels(x, up, east), right)
    return _between(upper, _between(read_pixels(x, down, west), read_pixels(x, down, east), right), below)


def _between(a: Tensor, b: Tensor, share: Tensor) -> Tensor:
    return a + share * (b - a)  # exactly a at 0; a lerp that broadcasts is several times as slow


def _mirror(place: Tensor, size: int) -> Tensor:
    """Reflect whole numbers into [0, size), int64; the outermost pixels are not repeated."""
    period = 2 * (size - 1)
    place = place.remainder(period)
    return torch.minimum(place, period - place).long()
