"""Latents of seeded samples: row i depends on the seed and on i alone, on every device and for any number of rows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count as count_from

import numpy as np
import torch
from torch import Tensor

ROWS = 16
"""Rows that are drawn at least: torch draws normal numbers 16 at a time, and the last 16 again if others are left."""
BLOCK = 4096
"""Latents per draw, so that any number of images fits in memory."""
PATH = 8
"""Points of a path from one latent to another: a row of a picture."""
LEG = 15
"""Frames of a film from one latent to the next, about: half a second to a second."""


def draw_latents(count: int, z_dim: int, seed: int) -> Tensor:
    """Draw z ~ N(0, I) from a generator of its own, on the CPU: (count, Z), the head of any longer draw."""
    rows = -(-count // ROWS) * ROWS
    return torch.randn(rows, z_dim, generator=torch.Generator().manual_seed(seed))[:count]


def latent_blocks(z_dim: int, seed: int, rows: int = BLOCK) -> Iterator[Tensor]:
    """Yield the latents of `draw_latents` without end, in blocks (rows, Z); `rows` is a multiple of ROWS."""
    generator = torch.Generator().manual_seed(seed)
    while True:
        yield torch.randn(rows, z_dim, generator=generator)


def draw_block(block: int, z_dim: int, seed: int, stream: int) -> Tensor:
    """Draw one block of a stream, without those before it: (BLOCK, Z). Streams of one seed share no latent."""
    entropy = np.random.SeedSequence([stream, seed, block]).generate_state(1, np.uint64)[0]
    return draw_latents(BLOCK, z_dim, int(entropy))


def path_blocks(z_dim: int, seed: int) -> Iterator[Tensor]:
    """Yield paths between pairs of latents without end, PATH points each, in blocks (PATH * PATH, Z)."""
    for z in latent_blocks(z_dim, seed, 2 * PATH):
        start, end = z.chunk(2)
        yield interpolate(start, end, torch.linspace(0, 1, PATH)).flatten(0, 1)


def code_blocks(first: int, last: int, z_dim: int, seed: int) -> Iterator[Tensor]:
    """Yield the rows of `vary_code` for latents without end, in blocks (64 T, Z)."""
    for z in latent_blocks(z_dim, seed, PATH * PATH):
        yield vary_code(z, first, last).flatten(0, 1)


def vary_code(z: Tensor, first: int, last: int) -> Tensor:
    """Return latents z (R, Z) that differ in the numbers `first` to `last` alone, T of each: (R, T, Z).

    One number goes from -2 to 2 in PATH steps. Several, the category of InfoGAN, have their largest at each place in
    turn: it changes places with the number there, so that all are as probable as z.
    """
    if first == last:
        rows = z[:, None].repeat(1, PATH, 1)
        rows[:, :, first] = torch.linspace(-2, 2, PATH)
        return rows
    code = z[:, first : last + 1]  # (R, T)
    rows, each = z[:, None].repeat(1, code.shape[1], 1), torch.arange(code.shape[1])
    varied = rows[:, :, first : last + 1]  # (R, T, T)
    varied[torch.arange(len(z))[:, None], each, code.argmax(dim=1, keepdim=True)] = code
    varied[:, each, each] = code.amax(dim=1, keepdim=True)
    return rows


def walk_blocks(count: int, z_dim: int, seed: int, rows: int = 64) -> Iterator[Tensor]:
    """Yield `count` points of a closed walk from latent to latent, about LEG points each, in blocks (rows, Z).

    The last block goes on from the beginning. Point i depends on the seed, i and the count.
    """
    stops = max(2, round(count / LEG))
    z = draw_latents(stops, z_dim, seed)
    for first in count_from(0, rows):
        places = torch.arange(first, first + rows, dtype=torch.float64) * stops / count
        here = places.long() % stops
        yield _points(z[here], z[(here + 1) % stops], (places % 1).float()[:, None])


def interpolate(start: Tensor, end: Tensor, t: Tensor) -> Tensor:
    """Return points of great circles from `start` (R, Z) to `end` (R, Z), at shares t (T,) of the way: (R, T, Z).

    A straight line between two latents would cross a region of low probability. White 2016, arXiv:1609.04468.
    """
    return _points(start[:, None], end[:, None], t.reshape(1, -1, 1))


def _points(start: Tensor, end: Tensor, t: Tensor) -> Tensor:
    """Return the points at shares t of the way, for tensors (..., Z), (..., Z) and (..., 1) that broadcast."""
    angle = torch.nn.functional.cosine_similarity(start, end, dim=-1).clamp(-1, 1).acos().unsqueeze(-1)
    path = ((1 - t) * angle).sin() * start + (t * angle).sin() * end
    return path / angle.sin()
