"""Generated samples that copy training samples, by their numbers as they are."""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo.audit.batches import CHUNK
from ganzoo.audit.diversity import Numbers
from ganzoo.contracts import Samples
from ganzoo.data.copies import find_copies
from ganzoo.data.images import from_uint8
from ganzoo.data.parts import pick_evenly

MOST = 5_000
"""Most training samples to compare with."""
MOST_NUMBERS = 2**27
"""Most numbers in them all, to bound memory: half a GB."""
NEAR = 1 / 3
"""Distance to the nearest training sample over that to the second nearest, below which a sample copies the nearest."""


def measure_copies(x_fake: Tensor, samples: Samples) -> Numbers:
    """Generated samples (N, *shape) in [-1, 1] -> share of copies, and the number of different training samples.

    A sample is a copy if its nearest training sample is less than a third as far away as the second nearest: Gu et
    al. 2023, arXiv:2310.02664, Section 2. Of real samples that are not in the set, next to none is; in few dimensions
    some are: 1/3 on a line, 1/9 in the plane. {} without two different training samples, and for samples that are not
    finite.
    """
    if not bool(x_fake.isfinite().all()):
        return {}
    number = x_fake[0].numel()
    chosen = pick_evenly(min(len(samples), MOST, max(2, MOST_NUMBERS // number)), len(samples))
    real = from_uint8(samples.x[chosen]).flatten(1).to(x_fake.device)
    first = find_copies(real)
    real = real[first == torch.arange(len(real)).to(first)]
    if len(real) < 2:
        return {}
    nearest = torch.cat([_two_nearest(part, real) for part in torch.split(x_fake.flatten(1), CHUNK)])
    share = (nearest[:, 0] < NEAR * nearest[:, 1]).double().mean()
    return {"copies": float(share), "copies/of": float(len(real))}


def _two_nearest(x: Tensor, real: Tensor) -> Tensor:
    """x (n, D), real (R, D) -> distances to the nearest and the second nearest (n, 2)."""
    return torch.cdist(x, real).topk(2, dim=1, largest=False).values
