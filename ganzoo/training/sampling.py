"""Samples of a generator: batches, grids by class, interpolations. The random state of a run stays untouched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ganzoo.data.images import to_uint8
from ganzoo.errors import EvaluationError


def draw_latents(count: int, z_dim: int, seed: int) -> Tensor:
    """Draw z ~ N(0, I) from a generator of its own, equal on every device: (count, Z)."""
    return torch.randn(count, z_dim, generator=torch.Generator().manual_seed(seed))


def spread_labels(count: int, num_classes: int) -> Tensor:
    """Labels 0, 1, ..., K - 1, 0, 1, ...: (count,)."""
    return torch.arange(count) % num_classes


@torch.no_grad()
def generate(network: nn.Module, z: Tensor, y: Tensor, *, batch: int = 64) -> Tensor:
    """Run the network in eval mode: z (N, Z), y (N,) -> samples (N, *shape), float32 on the CPU.

    The last batch is padded to full size, so that N does not change the arithmetic.
    """
    with evaluating(network):
        parts = [slice(start, start + batch) for start in range(0, len(z), batch)]
        return torch.cat([_generate_batch(network, z[part], y[part], batch).cpu() for part in parts])


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Set the network to eval mode within the body: batch norm uses its running averages and leaves them alone."""
    was_training = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(was_training)


def _generate_batch(network: nn.Module, z: Tensor, y: Tensor, batch: int) -> Tensor:
    """Samples (N, *shape) float32 on the device of the network."""
    device = next(network.parameters()).device
    n, missing = len(z), batch - len(z)
    z, y = torch.cat([z, z.new_zeros(missing, z.shape[1])]), torch.cat([y, y.new_zeros(missing)])
    x: Tensor = network(z.to(device), y.to(device))
    return x[:n].float()


BLOCK = 4096
"""Latents per draw, so that image i depends on the seed and i alone, and any number of images fits in memory."""


@dataclass(frozen=True)
class GeneratedImages:
    """`count` samples of a generator, made on demand and equal every time, with labels 0, 1, ..., K - 1, 0, 1, ..."""

    network: nn.Module
    z_dim: int
    num_classes: int
    count: int
    seed: int = 0
    stream: int = 0
    """Number of the stream; streams of one seed share no image."""

    def batches(self, size: int) -> Iterator[Tensor]:
        """Yield uint8 images (n, C, H, W), or float32 samples that are not images, on the device of the network.

        Raises EvaluationError if the generator produces nan or inf.
        """
        for first in range(0, self.count, BLOCK):
            z = self._draw(first // BLOCK)[: self.count - first]
            y = (first + torch.arange(len(z))) % self.num_classes
            for start in range(0, len(z), size):
                yield self._make(z[start : start + size], y[start : start + size], size)

    def pick(self, indices: Sequence[int]) -> Tensor:
        """Return the samples at these indices in the format of `batches`; raises what it raises."""
        blocks = {block: self._draw(block) for block in {index // BLOCK for index in indices}}
        z = torch.stack([blocks[index // BLOCK][index % BLOCK] for index in indices])
        return self._make(z, torch.tensor(indices) % self.num_classes, len(z))

    @torch.no_grad()
    def _make(self, z: Tensor, y: Tensor, batch: int) -> Tensor:
        with evaluating(self.network):
            x = _generate_batch(self.network, z, y, batch)
        if not bool(x.isfinite().all()):
            raise EvaluationError("the generator produces nan or inf", hint="an earlier checkpoint: --step N")
        return as_stored(x)

    def _draw(self, block: int) -> Tensor:
        entropy = np.random.SeedSequence([self.stream, self.seed, block]).generate_state(1, np.uint64)[0]
        return draw_latents(BLOCK, self.z_dim, int(entropy))


@dataclass(frozen=True, eq=False)
class StoredImages:
    """Given images, uint8 (M, C, H, W), moved to the device batch by batch."""

    x: Tensor
    device: torch.device

    @property
    def count(self) -> int:
        """Return the number M of images."""
        return len(self.x)

    def batches(self, size: int) -> Iterator[Tensor]:
        """Yield uint8 images (n, C, H, W) on the device."""
        for start in range(0, len(self.x), size):
            yield self.x[start : start + size].to(self.device)

    def pick(self, indices: Sequence[int]) -> Tensor:
        """Return the images at these indices, uint8 (N, C, H, W)."""
        return self.x[list(indices)].to(self.device)


Images = GeneratedImages | StoredImages


def interpolate_latents(rows: int, columns: int, z_dim: int, seed: int) -> Tensor:
    """Return great-circle paths between pairs of latents, row by row: (rows * columns, Z).

    A straight line between two latents would cross a region of low probability. White 2016, arXiv:1609.04468.
    """
    start, end = draw_latents(2 * rows, z_dim, seed).chunk(2)  # (R, Z) each
    t = torch.linspace(0, 1, columns).reshape(1, -1, 1)  # (1, T, 1)
    angle = torch.nn.functional.cosine_similarity(start, end).clamp(-1, 1).acos().reshape(-1, 1, 1)
    path = ((1 - t) * angle).sin() * start[:, None] + (t * angle).sin() * end[:, None]  # (R, T, Z)
    return (path / angle.sin()).reshape(rows * columns, z_dim)


def sample_images(network: nn.Module, z: Tensor, y: Tensor) -> Tensor:
    """z (N, Z), y (N,) -> uint8 images (N, C, H, W); other samples stay float32 (N, *shape)."""
    return as_stored(generate(network, z, y))


def as_stored(x: Tensor) -> Tensor:
    """Convert samples in [-1, 1] to uint8 images (N, C, H, W), clamped and rounded as in files; others stay."""
    return to_uint8(x) if x.ndim == 4 else x
