"""One picture of samples, for `ganzoo sample`: a grid, a grid by class, an interpolation, points of the plane."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor

from ganzoo.data.captions import Block, choose_scale, draw_blocks, spell_all
from ganzoo.data.drawing import can_draw, describe_drawing, draw_each, drawn_shape
from ganzoo.data.images import draw_points, write_png
from ganzoo.errors import ConfigError, FolderError
from ganzoo.runs.run import Run
from ganzoo.runs.sample_grid import MOST_COLUMNS, columns_for
from ganzoo.runs.sample_stream import SampleOptions, describe_samples, find_class, gather_samples

LARGEST = 2**27
"""Pixels of a picture at most, and half the number of those that Pillow opens without a warning."""


def write_grid(run: Run, options: SampleOptions, out: Path, *, scale: int = 0, caption: bool = True) -> Path:
    """Write one picture of samples, in a grid or as points of the plane, and return its path.

    Each pixel becomes `scale` x `scale` pixels; 0 enlarges small images until both sides have 600. A `caption` says
    what is seen. Raises ConfigError, also for a picture that would be too large, CheckpointError, FolderError,
    ResourceError; EvaluationError for samples that have no picture.
    """
    _require_size(run, options.count, max(1, scale))
    columns = _count_columns(run, options)
    x, y, step = gather_samples(run, options)
    about = describe_samples(run, options)
    block = _arrange(run, options, x, columns)
    if caption:
        names = _name(run, options, y, columns)
        block = Block(block.x, block.columns, (f"{about}, step {step:,}", _explain(run, options, columns)), *names)
    try:
        return write_png(out, draw_blocks([block], scale or choose_scale([block])), about)
    except (OSError, ValueError) as error:
        raise FolderError(f"cannot write the picture: {error}", where=str(out), hint="-o grid.png") from error


def _arrange(run: Run, options: SampleOptions, x: Tensor, columns: int) -> Block:
    """Put samples into a grid, or draw points of the plane."""
    if not can_draw(run.data.shape):
        return Block(draw_points(x)[None], 1)
    x = draw_each(x)
    if options.per_class and columns != run.num_classes:
        x = _by_rows(x, run.num_classes)
    return Block(x, columns)


def _name(run: Run, options: SampleOptions, y: Tensor, columns: int) -> tuple[tuple[str, ...], ...]:
    """Return the names of columns, of rows and of single images."""
    names, none = spell_all(run.class_names), ()
    if run.num_classes == 1 or not can_draw(run.data.shape) or options.label is not None:
        return none, none, none
    if options.per_class:
        return (names, none, none) if columns == run.num_classes else (none, names, none)
    if options.row:
        return none, tuple(names[k] for k in y[:: options.row].tolist()), none
    return none, none, tuple(names[k] for k in y.tolist())


def _explain(run: Run, options: SampleOptions, columns: int) -> str:
    """Return sentences that say what rows and columns are, and what is seen of samples that are no images."""
    if not can_draw(run.data.shape):
        return "Each dot is a sample."
    return f"{_explain_grid(run, options, columns)} {describe_drawing(run.data)}".rstrip()


def _explain_grid(run: Run, options: SampleOptions, columns: int) -> str:
    thing = "image" if run.data.images else "sample"
    if options.row:
        of_class = _of_class(run, ", of the class beside it,")
        if options.label is not None:
            of_class = f", of class {run.class_names[find_class(run, options.label)]},"
        return f"Each row{of_class} {_explain_row(options)}"
    if options.label is not None:
        return f"All of class {run.class_names[find_class(run, options.label)]}; every {thing} has a latent of its own."
    if options.per_class:
        place = "column" if columns == run.num_classes else "row"
        return f"A class in each {place}; every {thing} has a latent of its own."
    return f"Every {thing} has a latent of its own{_of_class(run, '; its class is below')}."


def _explain_row(options: SampleOptions) -> str:
    if options.code is None:
        return "goes from one latent, at the left, to another."
    first, last = options.code
    if first == last:
        return f"has one latent, whose number {first} goes from -2 to 2."
    return f"has one latent, of whose numbers {first} to {last} each is the largest in turn."


def _of_class(run: Run, words: str) -> str:
    return words if run.num_classes > 1 else ""


def _count_columns(run: Run, options: SampleOptions) -> int:
    """Return the columns of the grid; many classes have a row each."""
    if options.row:
        return min(options.row, options.count)
    if not options.per_class:
        return math.ceil(math.sqrt(options.count))
    classes = run.require_classes()
    return classes if columns_for(run.data) == classes <= MOST_COLUMNS else math.ceil(options.count / classes)


def _by_rows(x: Tensor, classes: int) -> Tensor:
    """Put images of each class in turn (N, C, H, W) into one row per class; white ones fill the last column."""
    columns = math.ceil(len(x) / classes)
    blank = x.new_full((columns * classes - len(x), *x.shape[1:]), 255)
    return torch.cat([x, blank]).reshape(columns, classes, *x.shape[1:]).transpose(0, 1).flatten(0, 1)


def count_per_class(run: Run) -> int:
    """Return the samples of each class that a picture shows by default: 8, or fewer where they are many and large."""
    return max(1, min(8, LARGEST // (run.require_classes() * _cell(run))))


def _require_size(run: Run, count: int, scale: int) -> None:
    """Raise ConfigError for a grid of too many pixels."""
    if can_draw(run.data.shape) and count * _cell(run) * scale**2 > LARGEST:
        things, other = ("images", "--folder") if run.data.images else ("samples", "-o samples.npz")
        what = f"{count:,} {things} of {scale * drawn_shape(run.data)[-1]} pixels do not fit into one picture"
        hint = f"-n {max(1, LARGEST // (_cell(run) * scale**2))}, or -n {count} {other}"
        raise ConfigError(what, where=f"at most {LARGEST:,} pixels", hint=hint)


def _cell(run: Run) -> int:
    """Return the pixels of an image with the gap beside it."""
    return math.prod(side + 2 for side in drawn_shape(run.data)[1:])
