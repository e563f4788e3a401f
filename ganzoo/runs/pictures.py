"""One picture of samples, for `ganzoo sample`: a grid, a grid by class, an interpolation, points of the plane."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor

from ganzoo.data.images import write_png
from ganzoo.errors import ConfigError, FolderError
from ganzoo.runs.run import Run
from ganzoo.runs.sample_grid import columns_for, draw_samples
from ganzoo.runs.sample_stream import SampleOptions, describe_samples, gather_samples
from ganzoo.training.latents import PATH

LARGEST = 2**27
"""Pixels of a picture at most, and half the number of those that Pillow opens without a warning."""


def write_grid(run: Run, options: SampleOptions, out: Path) -> Path:
    """Write one picture of images or of points of the plane, and return its path.

    Raises ConfigError, also for a picture that would be too large, CheckpointError, FolderError, ResourceError;
    EvaluationError for samples that are neither.
    """
    columns = _count_columns(run, options)
    _require_size(run, options.count)
    x, _ = gather_samples(run, options)
    if options.per_class and len(run.data.shape) == 3 and columns != run.num_classes:
        x = _by_rows(x, run.num_classes)
    picture = draw_samples(x, columns)
    try:
        return write_png(out, picture, describe_samples(run, options))
    except (OSError, ValueError) as error:
        raise FolderError(f"cannot write the picture: {error}", where=str(out), hint="-o grid.png") from error


def _count_columns(run: Run, options: SampleOptions) -> int:
    """Return the columns of the grid; many classes have a row each."""
    if options.interpolate:
        return min(PATH, options.count)
    if not options.per_class:
        return math.ceil(math.sqrt(options.count))
    classes = run.require_classes()
    return classes if columns_for(run.data) == classes else math.ceil(options.count / classes)


def _by_rows(x: Tensor, classes: int) -> Tensor:
    """Put images of each class in turn (N, C, H, W) into one row per class; white ones fill the last column."""
    columns = math.ceil(len(x) / classes)
    blank = x.new_full((columns * classes - len(x), *x.shape[1:]), 255)
    return torch.cat([x, blank]).reshape(columns, classes, *x.shape[1:]).transpose(0, 1).flatten(0, 1)


def count_per_class(run: Run) -> int:
    """Return the samples of each class that a picture shows by default: 8, or fewer where they are many and large."""
    return max(1, min(8, LARGEST // (run.require_classes() * _cell(run))))


def _require_size(run: Run, count: int) -> None:
    """Raise ConfigError for a grid of too many pixels."""
    if len(run.data.shape) == 3 and count * _cell(run) > LARGEST:
        what = f"{count:,} images of {run.data.shape[-1]} pixels do not fit into one picture"
        hint = f"-n {LARGEST // _cell(run)}, or -n {count} --folder"
        raise ConfigError(what, where=f"at most {LARGEST:,} pixels", hint=hint)


def _cell(run: Run) -> int:
    """Return the pixels of an image with the gap beside it."""
    return math.prod(side + 2 for side in run.data.shape[1:])
