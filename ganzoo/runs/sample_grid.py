"""The sample grid of a run: what G_ema makes of the same latents at every step, as one picture."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ganzoo.contracts import DataSpec
from ganzoo.data.images import draw_points, make_grid
from ganzoo.settings.sections import RunConfig
from ganzoo.training.gan import GAN
from ganzoo.training.labels import spread_labels
from ganzoo.training.latents import draw_latents
from ganzoo.training.sampling import sample_images

LARGEST = 2**22
"""Pixels of a grid that shows one image of each of many classes, at most: it is drawn many times in a run."""
POINTS = 2000
"""Points of the plane in a picture."""


def has_picture(spec: DataSpec) -> bool:
    """Return whether samples are images or points of the plane, which alone can be drawn."""
    return len(spec.shape) == 3 or spec.shape == (2,)


def draw_sample_grid(gan: GAN, run: RunConfig, spec: DataSpec, reals: Tensor | None = None) -> Tensor:
    """Draw samples of G_ema, uint8 (C, H, W); the rows of a conditional grid show all classes.

    Points of the plane lie over `reals` (M, 2), if given.
    """
    z, y = fixed_latents(run, spec, gan.z_dim)
    return draw_samples(sample_images(gan.G_ema.module, z, y), columns_for(spec), reals)


def draw_samples(x: Tensor, columns: int = 0, reals: Tensor | None = None) -> Tensor:
    """Draw uint8 images (N, C, H, W) as a grid, or points of the plane (N, 2) over real ones: uint8 (C, H', W').

    0 columns make the grid about square. Raises EvaluationError for samples that are neither.
    """
    return make_grid(x, columns) if x.ndim == 4 else draw_points(x, reals)


def fixed_latents(run: RunConfig, spec: DataSpec, z_dim: int) -> tuple[Tensor, Tensor]:
    """Return the latents and labels of the run's grids, the same at every step: z (N, Z), y (N,)."""
    count = count_cells(spec) if len(spec.shape) == 3 else POINTS
    y = spread_labels(count, spec.num_classes)
    if len(spec.shape) == 3 and count < spec.num_classes:
        y = torch.arange(count) * spec.num_classes // count  # not all fit: some from the first to the last
    return draw_latents(count, z_dim, run.train.seed), y


def columns_for(spec: DataSpec) -> int:
    """Return the columns of a grid: one for each of 2 to 20 classes, else 8, or more to show over 64 classes once."""
    if 2 <= spec.num_classes <= 20:
        return spec.num_classes
    return max(8, math.ceil(math.sqrt(count_cells(spec))))


def count_cells(spec: DataSpec) -> int:
    """Return the images of a grid: 8 of each of 2 to 20 classes, else 64, or one of each class where that fits."""
    if 2 <= spec.num_classes <= 20:
        return 8 * spec.num_classes
    return max(64, min(spec.num_classes, LARGEST // math.prod(side + 2 for side in spec.shape[1:])))
