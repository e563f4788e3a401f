"""Pictures of a finished run: a grid, a grid by class, an interpolation, or a folder of single images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ganzoo.errors import ConfigError, FolderError
from ganzoo.experiment import Run
from ganzoo.images import make_grid, write_png
from ganzoo.sampling import draw_latents, interpolate_latents, sample_images, spread_labels
from ganzoo.zoo import Zoo


@dataclass(frozen=True)
class Wanted:
    """Which images of a run to make."""

    count: int = 64
    seed: int = 0
    label: int | None = None
    per_class: bool = False
    interpolate: bool = False
    step: int | None = None
    ema: bool = True


def write_grid(path: Path, zoo: Zoo, wanted: Wanted, out: Path | None = None) -> Path:
    """Write one picture and return its path. Raises ConfigError, CheckpointError or FolderError."""
    run = Run(path, zoo)
    images, _, columns = _make(run, wanted)
    out = out or run.folder.samples / f"sample-{wanted.seed}.png"
    try:
        return write_png(out, make_grid(images, columns))
    except (OSError, ValueError) as error:
        raise FolderError(f"cannot write the picture: {error}", where=str(out), hint="-o grid.png") from error


def write_folder(path: Path, zoo: Zoo, wanted: Wanted, out: Path | None = None) -> Path:
    """Write single PNG files, in class folders where there are labels, and return the new folder's path.

    Raises FolderError if the folder exists: old and new images would be counted together.
    """
    run = Run(path, zoo)
    out = out or run.path / f"images-{wanted.seed}"
    if out.exists():
        raise FolderError("the folder of images exists", where=str(out), hint="another -o")
    images, y, _ = _make(run, wanted)
    classes = run.manifest["data"]["classes"]
    for i, (image, label) in enumerate(zip(images, y.tolist(), strict=True)):
        folder = out / f"{label:03d}-{_safe(classes[label])}" if len(classes) > 1 else out
        write_png(folder / f"{i:06d}.png", image)
    return out


def _make(run: Run, wanted: Wanted) -> tuple[Tensor, Tensor, int]:
    """Return images (N, C, H, W), labels (N,) and the columns of their grid; 0 columns: about square."""
    classes = run.data.num_classes
    if wanted.label is not None and not 0 <= wanted.label < classes:
        raise ConfigError(f"class {wanted.label} is not in 0..{classes - 1}", where=str(run.path))
    network, z_dim = run.generator(step=wanted.step, ema=wanted.ema)
    if wanted.interpolate:
        rows, columns = max(1, wanted.count // 8), 8
        z = interpolate_latents(rows, columns, z_dim, wanted.seed)
        y = spread_labels(rows, classes).repeat_interleave(columns)
    else:
        columns = classes if wanted.per_class else 0
        z, y = draw_latents(wanted.count, z_dim, wanted.seed), spread_labels(wanted.count, classes)
    if wanted.label is not None:
        y = torch.full_like(y, wanted.label)
    return sample_images(network, z, y), y, columns


def _safe(name: str) -> str:
    """A class name as a file name: letters, digits, dot, dash and underscore stay."""
    return "".join(c if c.isalnum() or c in "._-" else "_" for c in name)[:50]
