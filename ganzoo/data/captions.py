"""Pictures with words: grids of images, enlarged, under a caption, with names of columns, rows and images.

The font is the one that Pillow holds; it has the letters of English alone, so other names lose their accents, or are
shown by their number.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from textwrap import wrap

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor
from torch.nn.functional import pad

from ganzoo.data.images import make_grid

SMALLEST = 600
"""Pixels of either side of a picture at least, where no scale is asked for."""
LARGEST = 2400
"""Pixels of the longer side, which enlarging a picture does not pass."""
SIZE = 15
"""Height of the letters of a caption in pixels."""
SMALL_SIZE = 12
"""Height of the letters of names beside images."""
MARGIN = 10
_TALLEST = 110  # pixels of the longest name that stands upright over its column
_WIDEST = 160  # pixels of the longest name beside its row


@dataclass(frozen=True)
class Block:
    """Images of one size, with the words about them."""

    x: Tensor
    """uint8 (N, C, H, W); N = 1 for a picture that is drawn already."""
    columns: int = 0
    """0 makes the grid about square."""
    title: tuple[str, ...] = ()
    """Sentences above the images, each on a line of its own."""
    over: tuple[str, ...] = ()
    """Names of the columns."""
    beside: tuple[str, ...] = ()
    """Names of the rows."""
    below: tuple[str, ...] = ()
    """Name of each image."""


def choose_scale(blocks: Sequence[Block]) -> int:
    """Return the whole number of times by which pictures are enlarged: so that both sides have SMALLEST pixels."""
    sizes = [_measure(block) for block in blocks]
    width, height = max(w for w, _ in sizes), sum(h for _, h in sizes)
    wanted = math.ceil(SMALLEST / max(1, min(width, height)))
    return max(1, min(wanted, LARGEST // max(width, height)))


def _measure(block: Block) -> tuple[int, int]:
    """Return width and height of all images of the grid, without gaps."""
    n, _, height, width = block.x.shape
    columns = block.columns or math.ceil(math.sqrt(n))
    return columns * width, math.ceil(n / columns) * height


def draw_blocks(blocks: Sequence[Block], scale: int = 0) -> Tensor:
    """Draw blocks one below the other: uint8 (C, H', W'). Each pixel becomes `scale` x `scale`; 0 chooses the scale."""
    scale = scale or choose_scale(blocks)
    grids = [_name_parts(block, scale) for block in blocks]
    width = max(SMALLEST // 2, *(grid.shape[2] for grid in grids)) if any(b.title for b in blocks) else 0
    parts = [part for block, grid in zip(blocks, grids, strict=True) for part in (*_titles(block, grid, width), grid)]
    width = max(part.shape[2] for part in parts)
    parts = [pad(part, (0, width - part.shape[2], 0, 0), value=255) for part in parts]
    margin = MARGIN if any(block.title for block in blocks) else 0
    return pad(torch.cat(parts, dim=1), (margin, margin, margin, margin), value=255)


def enlarge(x: Tensor, scale: int) -> Tensor:
    """(..., H, W) -> (..., scale * H, scale * W): each pixel becomes a square."""
    return x.repeat_interleave(scale, -2).repeat_interleave(scale, -1)


def _name_parts(block: Block, scale: int) -> Tensor:
    """Draw the grid of a block with the names of its images, columns and rows."""
    x = enlarge(block.x, scale)
    n, channels, _, width = x.shape
    gap = 2 if scale == 1 else 4
    columns = block.columns or math.ceil(math.sqrt(n))
    if block.below:
        strips = [_draw_text(spell(name), width + gap, SMALL_SIZE, fit=True)[:, :width] for name in block.below]
        x = torch.cat([x, torch.stack([_colour(strip, channels) for strip in strips])], dim=2)
    grid = make_grid(x, columns, gap)
    if block.over:
        grid = torch.cat([_colour(_draw_header(block.over, width, gap), channels), grid], dim=1)
    if block.beside:
        top = grid.shape[1] - (math.ceil(n / columns) * (x.shape[2] + gap) - gap)
        grid = torch.cat([_colour(_draw_side(block.beside, x.shape[2], gap, top), channels), grid], dim=2)
    return grid


def _draw_header(names: Sequence[str], width: int, gap: int) -> Tensor:
    """Draw a name in the middle over each column: all upright where one does not fit: uint8 (H, W)."""
    texts = [spell(name, k) for k, name in enumerate(names)]
    upright = max(_length(text, SMALL_SIZE) for text in texts) > width
    tall = min(_TALLEST, max(_length(text, SMALL_SIZE) for text in texts) + 2) if upright else 0
    strips = []
    for text in texts:
        strip = _draw_text(text, tall or width, SMALL_SIZE, fit=True, middle=not upright)
        strip = strip.rot90() if upright else strip
        left = max(0, (width - strip.shape[1]) // 2)
        strips.append(pad(strip[:, :width], (left, max(0, width - strip.shape[1] - left) + gap), value=255))
    return torch.cat(strips, dim=1)[:, :-gap]


def _draw_side(names: Sequence[str], height: int, gap: int, top: int) -> Tensor:
    """Draw a name beside each row, `top` pixels down: uint8 (H, W)."""
    texts = [spell(name, k) for k, name in enumerate(names)]
    size = max(6, min(SMALL_SIZE, height - 3))
    width = min(_WIDEST, max(_length(text, size) for text in texts)) + 6
    strips = []
    for text in texts:
        strip = _draw_text(text, width, size, fit=True)[:height]
        above = (height - strip.shape[0]) // 2
        strips.append(pad(strip, (0, 0, above, height - strip.shape[0] - above + gap), value=255))
    return pad(torch.cat(strips)[:-gap], (0, 0, top, 0), value=255)


def _titles(block: Block, grid: Tensor, width: int) -> list[Tensor]:
    """Draw the sentences of a block, broken into lines of `width` pixels."""
    channels, letters = len(grid), max(20, int(width / (0.52 * SIZE)))
    lines = [line for sentence in block.title for line in wrap(spell(sentence), letters)]
    strips = [_colour(_draw_text(line, max(width, _length(line, SIZE)), SIZE), channels) for line in lines]
    space = grid.new_full((channels, 6, width), 255)
    return [space, *strips, space] if strips else []


def _draw_text(text: str, width: int, size: int, *, fit: bool = False, middle: bool = False) -> Tensor:
    """Draw one line in black on white: uint8 (H, W). To `fit`, a text that is too long ends in "..."."""
    if fit and _length(text, size) > width:
        while text and _length(text + "…", size) > width:
            text = text[:-1]
        text += "…"
    image = Image.new("L", (width, size + 5), 255)
    left = (width - _length(text, size)) // 2 if middle else 0
    ImageDraw.Draw(image).text((left, 1), text, fill=0, font=_load(size))
    return torch.from_numpy(np.array(image))


def _colour(strip: Tensor, channels: int) -> Tensor:
    """(H, W) -> (C, H, W); a fourth channel is opaque."""
    x = strip.expand(channels, -1, -1).clone()
    if channels in (2, 4):
        x[-1] = 255
    return x


@lru_cache(maxsize=8)
def _load(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _length(text: str, size: int) -> int:
    return math.ceil(_load(size).getlength(text))


def spell_all(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of all classes in letters that the font has, or their numbers."""
    return tuple(spell(name, k) for k, name in enumerate(names))


def spell(text: str, number: int | None = None) -> str:
    """Return a text in letters that the font has: "café" -> "cafe"; a name with others becomes its `number`, "#3"."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    known = [c == "·" or (c.isascii() and c.isprintable()) for c in plain]
    if number is not None and not (plain and all(known)):
        return f"#{number}"
    return "".join(c if is_known else "?" for c, is_known in zip(plain, known, strict=True))
