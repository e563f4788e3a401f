"""Files of samples, what `ganzoo sample` writes: a picture, a folder or an npz file; the suffix says which."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ganzoo.data.listing import printable
from ganzoo.errors import FolderError
from ganzoo.runs.pictures import count_per_class, write_grid
from ganzoo.runs.run import Run
from ganzoo.runs.sample_sets import write_folder, write_npz
from ganzoo.runs.sample_stream import SampleOptions as SampleOptions
from ganzoo.runs.sample_stream import count_classes, explain_class
from ganzoo.zoo.catalogue import Zoo

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff")
"""Suffixes of one picture."""
OPAQUE = (".jpg", ".jpeg", ".bmp")
"""Suffixes of pictures without transparency."""
FILES = (*PICTURES, ".npz")
DEFAULT_COUNT = 64


def write_samples(
    path: Path,
    zoo: Zoo,
    options: SampleOptions,
    *,
    out: Path | None = None,
    as_folder: bool = False,
    count: int | None = None,
    note: Callable[[str], None] = lambda text: None,
) -> Path:
    """Write `count` samples of a run where `out` says, and return the path; `note` takes remarks.

    Raises ConfigError, CheckpointError, ResourceError; FolderError for a suffix that cannot hold what is asked,
    before anything is read, and for a file that cannot be written; EvaluationError for samples that cannot be drawn.
    """
    _check_suffix(out, as_folder)
    run = Run(path, zoo, dataset_path=options.dataset_path)
    _check_channels(run, out)
    options = replace(options, count=_default_count(run, options) if count is None else count)
    for remark in _remarks(run, options):
        note(remark)
    if as_folder:
        return write_folder(run, options, out)
    if out is not None and out.suffix.lower() == ".npz":
        return write_npz(run, options, out)
    return write_grid(run, options, out)


def _check_suffix(out: Path | None, as_folder: bool) -> None:
    """Raise FolderError for a name that is not one of what is to be written."""
    suffix = "" if out is None else out.suffix.lower()
    if out is None or (suffix in FILES and not as_folder):
        return
    name = printable(out.name)
    if not as_folder:
        what = f"cannot write the picture: {name} has {f'the suffix {suffix}' if suffix else 'no suffix'}"
        where = f"a picture ends in {', '.join(PICTURES)}; an array in .npz"
        raise FolderError(what, where=where, hint=f"-o {out.stem}.png, or --folder for single images")
    if suffix in FILES:
        raise FolderError(f"{name} is the name of a file, and --folder writes a folder", hint=f"-o {out.stem}")


def _check_channels(run: Run, out: Path | None) -> None:
    """Raise FolderError if images have a transparency that the format does not."""
    if out is not None and len(run.data.shape) == 3 and run.data.shape[0] == 4 and out.suffix.lower() in OPAQUE:
        what = f"cannot write the picture: {out.suffix} has no transparency, and the images of the run have"
        raise FolderError(what, where=str(out), hint=f"-o {out.stem}.png")


def _default_count(run: Run, options: SampleOptions) -> int:
    return run.require_classes() * count_per_class(run) if options.per_class else DEFAULT_COUNT


def _remarks(run: Run, options: SampleOptions) -> list[str]:
    remarks = []
    if isinstance(options.label, str):
        remarks.append(explain_class(run, options.label))
    elif not (options.per_class or options.interpolate or options.labels == "balanced"):
        remarks.append(count_classes(run)[1])
    if options.per_class and options.count < (classes := run.require_classes()):
        remarks.append(f"-n {options.count} shows {options.count} of {classes} classes; -n {classes} shows all")
    return [remark for remark in remarks if remark]
