"""Films of a run: a walk through the latents, and the course of training."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import pad

from ganzoo.data.captions import enlarge
from ganzoo.data.decoding import explain, read_file
from ganzoo.data.drawing import can_draw, draw_each, drawn_shape
from ganzoo.data.films import write_film
from ganzoo.errors import ConfigError, EvaluationError, FolderError
from ganzoo.runs.run import Run
from ganzoo.runs.sample_stream import SampleOptions, stream_samples

LARGEST = 2**28
"""Pixels of all frames of a GIF or WebP at most, which are in memory together."""


def write_walk(run: Run, options: SampleOptions, out: Path, fps: int, scale: int = 0) -> Path:
    """Write a film of `options.count` frames, a closed walk from latent to latent; all frames are of one class.

    Raises what `stream_samples` raises, EvaluationError for samples without a picture of their own, and FolderError.
    """
    if not can_draw(run.data.shape):
        what = f"samples of shape {run.data.shape} are no frames of a film"
        raise EvaluationError(what, where=str(run.path), hint="-o walk.png (a picture of points)")
    label = 0 if run.num_classes > 1 and options.label is None else options.label
    options = replace(options, label=label, walk=True)
    _require_room(options.count, tuple(max(1, scale) * side for side in drawn_shape(run.data)), out)
    frames = (image.cpu() for x, _ in stream_samples(run, options) for image in draw_each(x))
    return _write(out, frames, fps, scale)


def write_course(run: Run, out: Path, fps: int, scale: int = 0) -> Path:
    """Write a film of the sample grids that training left, one frame each. Raises EvaluationError, FolderError."""
    paths = run.folder.grids
    if not paths:
        what = "there are no sample grids, which training writes every train.sample_every steps"
        raise EvaluationError(what, where=str(run.folder.samples), hint=f"ganzoo sample {shlex.quote(str(run.path))}")
    sizes = [_size(path) for path in paths]
    width, height = (max(side) for side in zip(*sizes, strict=True))
    _require_room(len(paths), (max(1, scale) * height, max(1, scale) * width), out)
    return _write(out, (_read_frame(path, width, height) for path in paths), fps, scale)


def _require_room(count: int, shape: tuple[int, ...], out: Path) -> None:
    """Raise ConfigError for a film that would fill the memory."""
    pixels = count * shape[-2] * shape[-1]
    if out.suffix.lower() != ".mp4" and pixels > LARGEST:
        what = f"{count:,} frames of {shape[-1]} x {shape[-2]} pixels are too many for {out.suffix}"
        raise ConfigError(what, where=f"at most {LARGEST:,} pixels", hint=f"-o {out.stem}.mp4")


def _write(out: Path, frames: Iterator[Tensor], fps: int, scale: int) -> Path:
    try:
        return write_film(out, frames, fps, scale)
    except (OSError, ValueError) as error:
        raise FolderError(f"cannot write the film: {error}", where=str(out), hint="-o film.gif") from error


@contextmanager
def _open(path: Path) -> Iterator[Image.Image]:
    """Open a sample grid. Raises EvaluationError for a file that is none."""
    try:
        with Image.open(BytesIO(read_file(path)), formats=["PNG"]) as image:
            yield image
    except Exception as error:  # Pillow may raise anything on damaged bytes
        what = f"the sample grid {path.name} cannot be read: {explain(error)}"
        raise EvaluationError(what, where=str(path), hint="remove that file, and type the same again") from error


def _size(path: Path) -> tuple[int, int]:
    with _open(path) as image:
        return image.size


def _read_frame(path: Path, width: int, height: int) -> Tensor:
    """Read a picture as uint8 RGB (3, H, W); one that is smaller is enlarged, and white fills it up."""
    with _open(path) as image:
        x = torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)
    x = enlarge(x, max(1, min(width // x.shape[2], height // x.shape[1])))
    return pad(x, (0, width - x.shape[2], 0, height - x.shape[1]), value=255)
