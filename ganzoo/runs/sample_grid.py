"""The sample grid of a run: what G_ema makes of the same latents at every step, as one picture."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ganzoo.contracts import DataSpec, Samples
from ganzoo.data.captions import Block, draw_blocks, spell_all
from ganzoo.data.drawing import describe_drawing, draw_each, drawn_shape
from ganzoo.data.images import draw_points
from ganzoo.data.parts import pick_evenly
from ganzoo.settings.sections import RunConfig
from ganzoo.training.gan import GAN
from ganzoo.training.labels import label_rule, spread_labels
from ganzoo.training.latents import draw_latents
from ganzoo.training.sampling import as_stored, generate

LARGEST = 2**22
"""Pixels of a grid that shows one image of each of many classes, at most: it is drawn many times in a run."""
POINTS = 2000
"""Points of the plane in a picture."""
MOST_COLUMNS = 20
"""Classes at most that have a column each."""
ROWS = 2
"""Rows of real images."""


PLANE = (2,)
"""Shape of points of the plane, all of which stand in one picture."""


@dataclass(frozen=True, eq=False)
class Reals:
    """Real samples that stand beside generated ones."""

    x: Tensor
    """Pictures, uint8 (N, C, H, W), ROWS of each column of the grid; or points (M, 2)."""
    class_names: tuple[str, ...]
    """K names, in the order of the labels."""


def pick_reals(samples: Samples) -> Reals:
    """Pick the real samples that a grid shows: those of each class in its column, and evenly over many classes."""
    if samples.spec.shape == PLANE:
        chosen = pick_evenly(min(POINTS, len(samples)), len(samples), labels=samples.classes)
        return Reals(samples.x[chosen].cpu(), samples.class_names)
    columns, y = columns_for(samples.spec), samples.y.cpu()
    if not 2 <= samples.spec.num_classes <= MOST_COLUMNS:
        count = min(ROWS * columns, len(samples))
        x = samples.x[pick_evenly(count, len(samples)).tolist()].cpu()
        return Reals(draw_each(x), samples.class_names)
    x = torch.full((ROWS, columns, *drawn_shape(samples.spec)), 255, dtype=torch.uint8)
    for k in range(columns):
        own = (y == k).nonzero()[:, 0]
        if len(own):
            few = own[pick_evenly(min(ROWS, len(own)), len(own))].tolist()
            x[: len(few), k] = draw_each(samples.x[few].cpu())
    return Reals(x.flatten(0, 1), samples.class_names)


def draw_sample_grid(gan: GAN, run: RunConfig, spec: DataSpec, step: int, reals: Reals | None = None) -> Tensor:
    """Draw samples of G_ema over real ones, with words that say what they are: uint8 (C, H, W).

    The columns of a conditional grid show all classes, or each image one of many. Points of the plane lie over the
    real ones.
    """
    z, y = fixed_latents(run, spec, gan.z_dim, gan.label_vectors)
    x = as_stored(generate(gan.G_ema.module, z, y), images=spec.images)
    names = spell_all(reals.class_names) if reals is not None and gan.conditioner.embedding_dim else ()
    title = f"{run.title} · step {step:,} · seed {run.train.seed}"
    if spec.shape == PLANE:
        points = reals.x if reals is not None else None
        about = "Red: points made by the moving average of G (G_ema)" + ("; grey: real points." if reals else ".")
        return draw_blocks([Block(draw_points(x, points)[None], 1, (title, about))])
    by_column = names if len(names) == columns_for(spec) else ()
    below = tuple(names[k] for k in y.tolist()) if names and not by_column else ()
    classes = ", a class in each column" if by_column else ", the class below each" if below else ""
    about = f"Made by the moving average of G (G_ema){classes}. {describe_drawing(spec)}".rstrip()
    blocks = [Block(draw_each(x), columns_for(spec), (title, about), by_column, below=below)]
    if reals is not None:
        blocks.append(
            Block(reals.x, columns_for(spec), (f"Real {'images' if spec.images else 'samples'} of {run.data_name}:",))
        )
    return draw_blocks(blocks)


def fixed_latents(run: RunConfig, spec: DataSpec, z_dim: int, vectors: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Return the latents and labels of the run's grids, the same at every step: z (N, Z), y (N, ...).

    `vectors` (L, ...) are the labels of a generator that takes some, in turn.
    """
    count = POINTS if spec.shape == PLANE else count_cells(spec)
    y = spread_labels(count, spec.num_classes)
    if vectors is not None:
        y = label_rule(count, 1, vectors=vectors)(torch.arange(count))
    elif spec.shape != PLANE and count < spec.num_classes:
        y = torch.arange(count) * spec.num_classes // count  # not all fit: some from the first to the last
    return draw_latents(count, z_dim, run.train.seed), y


def columns_for(spec: DataSpec) -> int:
    """Return the columns of a grid: one for each of 2 to 20 classes, else 8, or more to show over 64 classes once."""
    if 2 <= spec.num_classes <= MOST_COLUMNS:
        return spec.num_classes
    return max(8, math.ceil(math.sqrt(count_cells(spec))))


def count_cells(spec: DataSpec) -> int:
    """Return the samples of a grid: 8 of each of 2 to 20 classes, else 64, or one of each class where that fits."""
    if 2 <= spec.num_classes <= MOST_COLUMNS:
        return 8 * spec.num_classes
    return max(64, min(spec.num_classes, LARGEST // math.prod(side + 2 for side in drawn_shape(spec)[1:])))
