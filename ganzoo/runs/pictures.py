"""Pictures from a checkpoint, for `ganzoo sample`: a grid, a grid by class, an interpolation, a folder of images."""

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
class SampleOptions:
    """Options of `ganzoo sample`: which images of a run to make."""

    count: int = 64
    seed: int = 0
    label: int | None = None
    per_class: bool = False
    interpolate: bool = False
    step: int | None = None
    ema: bool = True


def write_grid(path: Path, zoo: Zoo, options: SampleOptions, out: Path | None = None) -> Path:
    """Write one picture of images or of points of the plane, and return its path.

    Raises ConfigError, CheckpointError, FolderError; EvaluationError for samples that are neither.
    """
    run = Run(path, zoo)
    images, _, columns = _make(run, options)
    picture = draw_samples(images, columns)
    out = out or run.folder.samples / f"sample-{options.seed}.png"
    try:
        return write_png(out, picture)
    except (OSError, ValueError) as error:
        raise FolderError(f"cannot write the picture: {error}", where=str(out), hint="-o grid.png") from error


def write_folder(path: Path, zoo: Zoo, options: SampleOptions, out: Path | None = None) -> Path:
    """Write single PNG files, in class folders where there are labels, and return the new folder's path.

    Raises FolderError if the folder exists, since old and new images would be mixed; EvaluationError for
    samples that are not images.
    """
    run = Run(path, zoo)
    out = out or run.path / f"images-{options.seed}"
    if out.exists():
        raise FolderError("the folder of images exists", where=str(out), hint="-o OTHER_FOLDER")
    if len(run.data.shape) != 3:
        what = f"samples of shape {run.data.shape} are not images"
        raise EvaluationError(what, where=str(path), hint="leave out --folder, for a picture of points")
    images, y, _ = _make(run, options)
    folders = [out / f"{k:03d}-{_safe(name)}" for k, name in enumerate(run.manifest["data"]["classes"])]
    try:
        for i, (image, label) in enumerate(zip(images, y.tolist(), strict=True)):
            write_png((folders[label] if run.num_classes > 1 else out) / f"{i:06d}.png", image)
    except OSError as error:
        raise FolderError(f"cannot write the images: {error}", where=str(out), hint="-o OTHER_FOLDER") from error
    return out


def _make(run: Run, options: SampleOptions) -> tuple[Tensor, Tensor, int]:
    """Return images (N, C, H, W), labels (N,) and the columns of their grid, 0 for one that is about square."""
    network, z_dim = run.generator(step=options.step, ema=options.ema)
    if options.interpolate:
        rows, columns = max(1, options.count // 8), 8
        z = interpolate_latents(rows, columns, z_dim, options.seed)
        y = run.choose_labels(rows, options.label).repeat_interleave(columns)
    else:
        columns = run.require_classes() if options.per_class else 0
        z, y = draw_latents(options.count, z_dim, options.seed), run.choose_labels(options.count, options.label)
    return sample_images(network, z, y), y, columns


def _safe(name: str) -> str:
    """Return a class name as a file name: letters, digits, dot, dash and underscore stay."""
    return "".join(c if c.isalnum() or c in "._-" else "_" for c in name)[:50]
