"""Pictures of single samples: images as they are, other samples in shades of grey."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import pad

from ganzoo.data.images import to_uint8
from ganzoo.data.samples import DataSpec

FEWEST = 8
"""Numbers of a row at least: fewer show nothing."""
MOST_CHANNELS = 8
"""Channels of a sample that are drawn, the first ones."""
LONGEST = 256
"""Numbers of a row or a column that are drawn; of longer ones, every k-th."""
THICK = 8
"""Pixels of a strip, the picture of a row of numbers."""


def can_draw(shape: tuple[int, ...]) -> bool:
    """Return whether a sample of this shape has a picture of its own: a row of 8 numbers or more has one."""
    return (len(shape) > 0 and shape[-1] >= FEWEST) or len(shape) > 2


def has_picture(data: DataSpec) -> bool:
    """Return whether samples can be drawn: each by itself, or points of the plane together."""
    return data.shape == (2,) or can_draw(data.shape)


def draw_each(x: Tensor) -> Tensor:
    """Images, uint8 (N, C, H, W), or other samples, float32 (N, *shape) in [-1, 1] -> pictures, uint8 (N, C', H', W').

    Images of 1 to 4 channels stay as they are. Of all others `describe_drawing` says what is seen.
    """
    if x.dtype == torch.uint8 and x.shape[1] <= 4:
        return x
    x = x if x.dtype == torch.uint8 else to_uint8(x.nan_to_num(0.0, 1.0, -1.0))
    while x.ndim > 4:
        x = x[:, :, x.shape[2] // 2]
    x = x[:, None] if x.ndim == 2 else x
    if x.ndim == 3:  # rows of numbers: a strip for each channel, one below the other
        x = _thin(x[:, :MOST_CHANNELS], 2)
        return x.repeat_interleave(THICK, 1)[:, None]
    x = _thin(_thin(x[:, :MOST_CHANNELS], 2), 3)
    gap = int(x.shape[1] > 1)
    side_by_side = pad(x, (0, gap), value=255).permute(0, 2, 1, 3).flatten(2)
    return side_by_side[:, None, :, : side_by_side.shape[2] - gap]


def _thin(x: Tensor, dim: int) -> Tensor:
    """Leave every k-th number along a dimension, so that at most LONGEST remain."""
    step = math.ceil(x.shape[dim] / LONGEST)
    return x if step == 1 else x.index_select(dim, torch.arange(0, x.shape[dim], step, device=x.device))


def drawn_shape(data: DataSpec) -> tuple[int, ...]:
    """Return the shape (C, H, W) of the picture of a sample."""
    dtype = torch.uint8 if data.images else torch.float32
    return tuple(draw_each(torch.zeros(1, *data.shape, dtype=dtype)).shape[1:])


def describe_drawing(data: DataSpec) -> str:
    """Return a sentence that says what the picture of a sample shows; "" for images, which show themselves."""
    shape = data.shape
    if data.images and shape[0] <= 4:
        return ""
    words = ["Shades of grey, from 0 (black) to 255" if data.images else "Shades of grey, from -1 (black) to 1"]
    channels = 1 if len(shape) == 1 else shape[0]
    if len(shape) > 3:
        words.append("the middle slice of each volume")
    if channels > 1:
        which = f"the {channels}" if channels <= MOST_CHANNELS else f"the first {MOST_CHANNELS} of {channels}"
        words.append(f"{which} channels {'side by side' if len(shape) > 2 else 'one below the other'}")
    sides = shape[-2:] if len(shape) > 2 else shape[-1:]
    if (step := max(math.ceil(side / LONGEST) for side in sides)) > 1:
        words.append(f"every {_ordinal(step)} number of long sides")
    return f"{'; '.join(words)}."


def _ordinal(number: int) -> str:
    ends = {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{'th' if number % 100 in (11, 12, 13) else ends.get(number % 10, 'th')}"
