"""Real samples for an audit: some that the run is trained on, and some that it is not."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganzoo.contracts import Samples
from ganzoo.data.images import from_uint8
from ganzoo.errors import DataError

CHUNK = 64
"""Samples at a time where gradients are taken, which bounds the memory."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Real samples, on the device of the networks."""

    x: Tensor
    """Training samples (N, *shape), float32 in [-1, 1]."""
    y: Tensor
    """Their labels (N, ...)."""
    held_out: tuple[Tensor, Tensor] | None = None
    """Samples (M, *shape) of the same distribution that D has not seen, with labels (M,); None if there are none."""


def draw_batch(samples: Samples, held_out: Samples | None, count: int, device: torch.device, *, labels: bool) -> Batch:
    """Draw at most `count` samples of each, the same ones every time, without touching the global random state.

    `labels` is True if the networks read labels; if not, those of held-out samples are 0. Raises DataError if the
    held-out samples have another shape, or other classes where labels are read.
    """
    if held_out is not None and (
        held_out.spec.shape != samples.spec.shape or (labels and held_out.spec != samples.spec)
    ):
        what = f"held-out samples of shape {held_out.spec.shape} in {held_out.spec.num_classes} classes"
        hint = "the same dataset, split or image size"
        raise DataError(f"{what} do not fit those of training: {samples.spec}", hint=hint)
    x, y = _draw(samples, count, device)
    if held_out is None:
        return Batch(x, y)
    other, theirs = _draw(held_out, count, device)
    return Batch(x, y, (other, theirs if labels else y.new_zeros(len(other), *y.shape[1:])))


def _draw(samples: Samples, count: int, device: torch.device) -> tuple[Tensor, Tensor]:
    chosen = torch.randperm(len(samples), generator=torch.Generator().manual_seed(0))[:count]
    return from_uint8(samples.x[chosen].to(device)), samples.y[chosen].to(device)
