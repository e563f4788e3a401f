"""Distance of small patches at two scales, by random directions."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

import ganzoo
from ganzoo_metrics.pixels import as_images, require_images
from ganzoo_metrics.requirements import require_enough

PATCHES = 128
"""Patches of each image and scale, drawn at random."""
SIDE = 7
"""Height and width of a patch."""
BINOMIAL = (1.0, 4.0, 6.0, 4.0, 1.0)


@dataclass(frozen=True)
class SlicedWasserstein(ganzoo.Metric):
    """Sliced Wasserstein distance of patches, times 1000. Karras et al. 2018, arXiv:1710.10196, Section 5.

    mean over directions of E |sorted projections of real - of generated patches|, at the scales of a Laplacian pyramid

    128 patches of 7 x 7 of each image and scale, whose channels are normalised to mean 0 and deviation 1. SWD-32 shows
    detail of 32 x 32 images, SWD-16 their coarse layout at 16 x 16, SWD is the mean. Departs: the paper has scales up
    to 1024, 16,384 images and 512 directions; here larger images are reduced to 32 x 32 and smaller ones enlarged, and
    `images` of each set are read, drawn by `seed`. Both sets have the same directions and places of patches, so that
    equal sets have the distance 0. Compare equal numbers alone.
    """

    features = "pixels"

    images: ganzoo.PositiveInt = 1000
    directions: ganzoo.PositiveInt = 128
    seed: ganzoo.NonNegativeInt = 0

    def require(self, *, real: ganzoo.FeatureSet, fake: ganzoo.FeatureSet) -> None:
        require_enough(real=real, fake=fake)
        require_images(real)

    def compute(self, *, real: ganzoo.FeatureSet, fake: ganzoo.FeatureSet) -> Mapping[str, ganzoo.Score]:
        self.require(real=real, fake=fake)
        count = min(len(real.rows), len(fake.rows), self.images)
        sets = [as_images(self.draw(each.rows, count)).cpu() for each in (real, fake)]
        generator = torch.Generator().manual_seed(self.seed)
        distances = dict[str, float]()
        for one, other in zip(*(pyramid(x) for x in sets), strict=True):
            places = torch.randint(one.shape[-1] - SIDE + 1, (2, count, PATCHES), generator=generator)
            directions = torch.randn(one.shape[1] * SIDE**2, self.directions, generator=generator)
            patches = (normalise(cut(x, places)) for x in (one, other))
            distances[f"SWD-{one.shape[-1]}"] = 1000 * sliced_distance(*patches, directions / directions.norm(dim=0))
        distances["SWD"] = sum(distances.values()) / len(distances)
        return {name: ganzoo.Score(value, "lower") for name, value in distances.items()}

    def draw(self, rows: Tensor, count: int) -> Tensor:
        """Return `count` of the rows (R, D), at random, since a dataset may be sorted by class."""
        order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(self.seed))[:count]
        return rows[order.to(rows.device)]


def pyramid(x: Tensor) -> tuple[Tensor, Tensor]:
    """Images (N, C, 32, 32) -> what (N, C, 16, 16) lacks of them, and those. Burt and Adelson 1983."""
    small = smooth(x)[:, :, ::2, ::2]
    large = torch.zeros_like(x)
    large[:, :, ::2, ::2] = 4 * small  # each pixel stands for four
    return x - smooth(large), small


def smooth(x: Tensor) -> Tensor:
    """Filter (N, C, H, W) by the binomials (1, 4, 6, 4, 1) / 16 each way; beyond the edge it is mirrored."""
    bell = torch.tensor(BINOMIAL) / sum(BINOMIAL)
    flat = pad(x, [len(BINOMIAL) // 2] * 4, mode="reflect").flatten(0, 1)[:, None]
    return conv2d(conv2d(flat, bell[None, None, :, None]), bell[None, None, None, :]).reshape(x.shape)


def cut(x: Tensor, places: Tensor) -> Tensor:
    """Cut patches out of (N, C, S, S), with upper left corners `places` (2, N, P) -> (N * P, C, 7, 7)."""
    n, channels, _, size = x.shape
    rows, columns = (place[:, :, None] + torch.arange(SIDE) for place in places)  # (N, P, 7)
    index = (rows[..., None] * size + columns[..., None, :]).reshape(n, 1, -1).expand(-1, channels, -1)
    patches = x.flatten(2).gather(2, index).reshape(n, channels, -1, SIDE, SIDE)
    return patches.transpose(1, 2).flatten(0, 1)


def normalise(patches: Tensor) -> Tensor:
    """Give each channel of patches (M, C, 7, 7) mean 0 and deviation 1 over all patches: (M, C * 49)."""
    deviation, mean = torch.std_mean(patches, dim=(0, 2, 3), keepdim=True, correction=0)
    return ((patches - mean) / deviation.clamp(min=1e-8)).flatten(1)


def sliced_distance(one: Tensor, other: Tensor, directions: Tensor) -> float:
    """Return the mean over directions (D, K) of the Wasserstein-1 distance of both sets (M, D), projected."""
    parts = [
        ((one @ some).sort(dim=0).values - (other @ some).sort(dim=0).values).abs().mean(dim=0)
        for some in directions.split(16, dim=1)
    ]
    return torch.cat(parts).double().mean().item()
