"""Samples of a generator, batch by batch. The random state of a run stays untouched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import count as count_from

import torch
from torch import Tensor, nn

from ganzoo.data.images import to_uint8
from ganzoo.errors import EvaluationError
from ganzoo.training.labels import Labels, label_rule
from ganzoo.training.latents import BLOCK, draw_block

BATCH = 64
"""Samples that a generator makes at a time, since the size of a batch may change their last digits."""
MOST_NUMBERS = 64 * 3 * 128 * 128
"""Numbers in a batch at most: fewer samples are made at a time where they are larger than 128 x 128 in colour."""


@torch.no_grad()
def generate(network: nn.Module, z: Tensor, y: Tensor, *, batch: int = BATCH) -> Tensor:
    """Run the network in eval mode: z (N, Z), y (N, ...) -> samples (N, *shape), float32 on the CPU.

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
    z, y = (torch.cat([each, each.new_zeros(missing, *each.shape[1:])]) for each in (z, y))
    x: Tensor = network(z.to(device), y.to(device))
    return x[:n].float()


@torch.no_grad()
def batch_length(network: nn.Module, z_dim: int, labels: Labels) -> int:
    """Return how many samples the network makes at a time: 64, or a smaller power of two where they are large."""
    y = torch.zeros_like(labels(torch.zeros(1, dtype=torch.long)))
    with evaluating(network):
        numbers = _generate_batch(network, torch.zeros(1, z_dim), y, 1).numel()
    most = max(1, MOST_NUMBERS // numbers)
    return min(BATCH, 1 << (most.bit_length() - 1))


def sample_batches(
    network: nn.Module, blocks: Iterable[Tensor], labels: Labels, count: int, *, images: bool = True
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield `count` samples in batches, uint8 images (n, C, H, W) or float32 (n, *shape), with their labels (n, ...).

    `images` is False for samples that are none. They are on the device of the network. `blocks` are latents (a multiple
    of 64, Z), as many as are needed. Sample i depends on latent and label i alone. Raises EvaluationError if the
    generator produces nan or inf.
    """
    first, length = 0, 0
    for block in blocks:
        length = length or batch_length(network, block.shape[1], labels)
        for z in torch.split(block[: count - first], length):
            y = labels(torch.arange(first, first + len(z)))
            yield make_samples(network, z, y, length, images=images), y
            first += len(z)
        if first >= count:
            return


@torch.no_grad()
def make_samples(network: nn.Module, z: Tensor, y: Tensor, batch: int, *, images: bool) -> Tensor:
    """Make samples on the device of the network, as `sample_batches` does: z (n, Z), y (n, ...), n <= batch."""
    with evaluating(network):
        x = _generate_batch(network, z, y, batch)
    if not bool(x.isfinite().all()):
        raise EvaluationError("the generator produces nan or inf", hint="--step N (an earlier checkpoint)")
    return as_stored(x, images=images)


@dataclass(frozen=True, eq=False)
class GeneratedImages:
    """`count` samples of a generator, made on demand and equal every time."""

    network: nn.Module
    z_dim: int
    num_classes: int
    count: int
    seed: int = 0
    stream: int = 0
    """Number of the stream; streams of one seed share no image."""
    class_counts: tuple[int, ...] = ()
    """Frequencies of the labels, K numbers of training samples; without them labels are 0, ..., K - 1, 0, ..."""
    truncation: str = "none"
    """Words of the protocol: how the network draws latents or styles to their mean."""
    images: bool = True
    """False for samples that are no images, which stay float32."""
    vectors: Tensor | None = None
    """Label vectors (L, ...) that come in turn; None where labels are numbers of classes."""

    def batches(self, size: int) -> Iterator[Tensor]:
        """Yield uint8 images (n, C, H, W), or float32 samples that are not images, on the device of the network.

        n = size, except for the last. Raises EvaluationError if the generator produces nan or inf.
        """
        blocks = (self._draw(block) for block in count_from())
        batches = sample_batches(self.network, blocks, self._labels, self.count, images=self.images)
        return regroup((x for x, _ in batches), size)

    def pick(self, indices: Sequence[int]) -> Tensor:
        """Return the samples at these indices in the format of `batches`; raises what it raises."""
        length = batch_length(self.network, self.z_dim, self._labels)
        batches = {first: self._make(first, length) for first in {index // length * length for index in indices}}
        return torch.stack([batches[index // length * length][index % length] for index in indices])

    @property
    def labels(self) -> Tensor | None:
        """Classes of all samples, int64 (count,); None for a generator that knows no classes."""
        return self._labels(torch.arange(self.count)) if self.num_classes > 1 else None

    @cached_property
    def _labels(self) -> Labels:
        return label_rule(self.count, self.num_classes, self.class_counts, self.vectors)

    def _make(self, first: int, length: int) -> Tensor:
        last = min(first + length, self.count)
        z = self._draw(first // BLOCK)[first % BLOCK :][: last - first]
        y = self._labels(torch.arange(first, last))
        return make_samples(self.network, z, y, length, images=self.images)

    def _draw(self, block: int) -> Tensor:
        return draw_block(block, self.z_dim, self.seed, self.stream)


def regroup(batches: Iterable[Tensor], size: int) -> Iterator[Tensor]:
    """Yield the same rows in batches of `size`, the last one smaller."""
    kept = list[Tensor]()
    for batch in batches:
        kept.append(batch)
        while sum(map(len, kept)) >= size:
            x = torch.cat(kept) if len(kept) > 1 else kept[0]
            yield x[:size]
            kept = [x[size:]] if len(x) > size else []
    if kept:
        yield torch.cat(kept)


@dataclass(frozen=True, eq=False)
class StoredImages:
    """Given samples, images as uint8 (M, C, H, W), moved to the device batch by batch."""

    x: Tensor
    device: torch.device

    @property
    def count(self) -> int:
        """Return the number M of samples."""
        return len(self.x)

    def batches(self, size: int) -> Iterator[Tensor]:
        """Yield samples (n, *shape) on the device."""
        for start in range(0, len(self.x), size):
            yield self.x[start : start + size].to(self.device)

    def pick(self, indices: Sequence[int]) -> Tensor:
        """Return the samples at these indices (N, *shape)."""
        return self.x[list(indices)].to(self.device)


Images = GeneratedImages | StoredImages


def as_stored(x: Tensor, *, images: bool) -> Tensor:
    """Convert images in [-1, 1] to uint8 (N, C, H, W), clamped and rounded as in files; other samples stay."""
    return to_uint8(x) if images else x
