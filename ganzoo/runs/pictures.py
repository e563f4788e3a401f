"""Pictures of a finished run: a grid, a grid by class, an interpolation, or a folder of single images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from ganzoo.data.images import write_png
from ganzoo.errors import EvaluationError, FolderError
from ganzoo.runs.run import Run
from ganzoo.runs.sample_grid import draw_samples
from ganzoo.training.sampling import draw_latents, interpolate_latents, sample_images
from ganzoo.zoo.catalogue import Zoo


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
    """Write one picture, of points of the plane too, and return its path.

    Raises ConfigError, CheckpointError, FolderError; EvaluationError for samples that are neither.
    """
    run = Run(path, zoo)
    images, _, columns = _make(run, wanted)
    picture = draw_samples(images, columns)
    out = out or run.folder.samples / f"sample-{wanted.seed}.png"
    try:
        return write_png(out, picture)
    except (OSError, ValueError) as error:
        raise FolderError(f"cannot write the picture: {error}", where=str(out), hint="-o grid.png") from error


def write_folder(path: Path, zoo: Zoo, wanted: Wanted, out: Path | None = None) -> Path:
    """Write single PNG files, in class folders where there are labels, and return the new folder's path.

    Raises FolderError if the folder exists: old and new images would be counted together; EvaluationError for
    samples that are no images.
    """
    run = Run(path, zoo)
    out = out or run.path / f"images-{wanted.seed}"
    if out.exists():
        raise FolderError("the folder of images exists", where=str(out), hint="another -o")
    if len(run.data.shape) != 3:
        what = f"samples of shape {run.data.shape} are not images"
        raise EvaluationError(what, where=str(path), hint="without --folder: a picture of points")
    images, y, _ = _make(run, wanted)
    folders = [out / f"{k:03d}-{_safe(name)}" for k, name in enumerate(run.manifest["data"]["classes"])]
    try:
        for i, (image, label) in enumerate(zip(images, y.tolist(), strict=True)):
            write_png((folders[label] if run.num_classes > 1 else out) / f"{i:06d}.png", image)
    except OSError as error:
        raise FolderError(f"cannot write the images: {error}", where=str(out), hint="another -o") from error
    return out


def _make(run: Run, wanted: Wanted) -> tuple[Tensor, Tensor, int]:
    """Return images (N, C, H, W), labels (N,) and the columns of their grid; 0 columns: about square."""
    network, z_dim = run.generator(step=wanted.step, ema=wanted.ema)
    if wanted.interpolate:
        rows, columns = max(1, wanted.count // 8), 8
        z = interpolate_latents(rows, columns, z_dim, wanted.seed)
        y = run.choose_labels(rows, wanted.label).repeat_interleave(columns)
    else:
        columns = run.require_classes() if wanted.per_class else 0
        z, y = draw_latents(wanted.count, z_dim, wanted.seed), run.choose_labels(wanted.count, wanted.label)
    return sample_images(network, z, y), y, columns


def _safe(name: str) -> str:
    """A class name as a file name: letters, digits, dot, dash and underscore stay."""
    return "".join(c if c.isalnum() or c in "._-" else "_" for c in name)[:50]
