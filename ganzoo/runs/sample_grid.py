"""The sample grid of a run: what G_ema makes of the same latents at every step, as one picture."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ganzoo.contracts import DataSpec, Samples
from ganzoo.data.captions import Block, draw_blocks, spell_all
from ganzoo.data.images import draw_points
from ganzoo.data.parts import pick_evenly
from ganzoo.settings.sections import RunConfig
from ganzoo.training.gan import GAN
from ganzoo.training.labels import spread_labels
from ganzoo.training.latents import draw_latents
from ganzoo.training.sampling import sample_images

LARGEST = 2**22
"""Pixels of a grid that shows one image of each of many classes, at most: it is drawn many times in a run."""
POINTS = 2000
"""Points of the plane in a picture."""
MOST_COLUMNS = 20
"""Classes at most that have a column each."""
ROWS = 2
"""Rows of real images."""


def has_picture(spec: DataSpec) -> bool:
    """Return whether samples are images or points of the plane, which alone can be drawn."""
    return len(spec.shape) == 3 or spec.shape == (2,)


@dataclass(frozen=True, eq=False)
class Reals:
    """Real samples that stand beside generated ones."""

    x: Tensor
    """uint8 images (N, C, H, W), ROWS of each column of the grid; or points (M, 2)."""
    class_names: tuple[str, ...]
    """K names, in the order of the labels."""


def pick_reals(samples: Samples) -> Reals:
    """Pick the real samples that a grid shows: of images, those of each class in its column, evenly over the rest."""
    if len(samples.spec.shape) != 3:
        chosen = pick_evenly(min(POINTS, len(samples)), len(samples), labels=samples.y)
        return Reals(samples.x[chosen].cpu(), samples.class_names)
    columns, y = columns_for(samples.spec), samples.y.cpu()
    if not 2 <= samples.spec.num_classes <= MOST_COLUMNS:
        count = min(ROWS * columns, len(samples))
        return Reals(samples.x[pick_evenly(count, len(samples)).tolist()].cpu(), samples.class_names)
    x = torch.full((ROWS, columns, *samples.spec.shape), 255, dtype=torch.uint8)
    for k in range(columns):
        own = (y == k).nonzero()[:, 0]
        if len(own):
            few = own[pick_evenly(min(ROWS, len(own)), len(own))].tolist()
            x[: len(few), k] = samples.x[few].cpu()
    return Reals(x.flatten(0, 1), samples.class_names)


def draw_sample_grid(gan: GAN, run: RunConfig, spec: DataSpec, step: int, reals: Reals | None = None) -> Tensor:
    """Draw samples of G_ema over real ones, with words that say what they are: uint8 (C, H, W).

    The columns of a conditional grid show all classes, or each image one of many. Points of the plane lie over the
    real ones.
    """
    z, y = fixed_latents(run, spec, gan.z_dim)
    x = sample_images(gan.G_ema.module, z, y)
    names = spell_all(reals.class_names) if reals is not None and gan.conditioner.embedding_dim else ()
    title = f"{run.title} · step {step:,} · seed {run.train.seed}"
    if x.ndim != 4:
        points = reals.x if reals is not None else None
        about = "Red: points made by the moving average of G (G_ema)" + ("; grey: real points." if reals else ".")
        return draw_blocks([Block(draw_points(x, points)[None], 1, (title, about))])
    by_column = names if len(names) == columns_for(spec) else ()
    below = tuple(names[k] for k in y.tolist()) if names and not by_column else ()
    classes = ", a class in each column" if by_column else ", the class below each" if below else ""
    about = f"Made by the moving average of G (G_ema){classes}."
    blocks = [Block(x, columns_for(spec), (title, about), by_column, below=below)]
    if reals is not None:
        blocks.append(Block(reals.x, columns_for(spec), (f"Real images of {run.data_name}:",)))
    return draw_blocks(blocks)


def fixed_latents(run: RunConfig, spec: DataSpec, z_dim: int) -> tuple[Tensor, Tensor]:
    """Return the latents and labels of the run's grids, the same at every step: z (N, Z), y (N,)."""
    count = count_cells(spec) if len(spec.shape) == 3 else POINTS
    y = spread_labels(count, spec.num_classes)
    if len(spec.shape) == 3 and count < spec.num_classes:
        y = torch.arange(count) * spec.num_classes // count  # not all fit: some from the first to the last
    return draw_latents(count, z_dim, run.train.seed), y


def columns_for(spec: DataSpec) -> int:
    """Return the columns of a grid: one for each of 2 to 20 classes, else 8, or more to show over 64 classes once."""
    if 2 <= spec.num_classes <= MOST_COLUMNS:
        return spec.num_classes
    return max(8, math.ceil(math.sqrt(count_cells(spec))))


def count_cells(spec: DataSpec) -> int:
    """Return the images of a grid: 8 of each of 2 to 20 classes, else 64, or one of each class where that fits."""
    if 2 <= spec.num_classes <= MOST_COLUMNS:
        return 8 * spec.num_classes
    return max(64, min(spec.num_classes, LARGEST // math.prod(side + 2 for side in spec.shape[1:])))
