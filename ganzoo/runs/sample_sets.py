"""Samples as a set that other tools read: a folder of PNG files, an npz or npy file; one batch at a time in memory."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import numpy as np
import torch
from numpy.typing import DTypeLike

from ganzoo.data.images import write_png
from ganzoo.errors import FolderError
from ganzoo.evaluation.classes import name_folder
from ganzoo.runs.run import Run
from ganzoo.runs.sample_stream import SampleOptions, describe_samples, require_images, stream_samples


def write_folder(run: Run, options: SampleOptions, out: Path) -> Path:
    """Write single PNG files, in class folders where there are labels, and return the new folder's path.

    Raises FolderError if the folder exists, since old and new images would be mixed; EvaluationError for
    samples that are not images.
    """
    if out.exists():
        raise FolderError("the folder of images exists", where=str(out), hint="-o OTHER_FOLDER")
    require_images(run)
    folders = [out / name_folder(k, name) for k, name in enumerate(run.class_names)]
    first, about = 0, describe_samples(run, options)
    try:
        for x, y in stream_samples(run, options):
            for i, (image, label) in enumerate(zip(x.cpu(), y.tolist(), strict=True), first):
                write_png((folders[label] if run.num_classes > 1 else out) / f"{i:06d}.png", image, about)
            first += len(x)
    except OSError as error:
        raise FolderError(f"cannot write the images: {error}", where=str(out), hint="-o OTHER_FOLDER") from error
    return out


def write_npz(run: Run, options: SampleOptions, out: Path) -> Path:
    """Write arr_0, uint8 images (N, H, W, C) or float32 samples (N, *shape), and arr_1, their labels (N, ...), if any.

    Raises FolderError if the file exists or cannot be written.
    """

    def write(temporary: Path) -> None:
        with zipfile.ZipFile(temporary, "x", zipfile.ZIP_STORED) as archive:
            with archive.open("arr_0.npy", "w", force_zip64=True) as file:
                labels = _write_samples(run, options, file)
            if run.num_classes > 1 or run.data.label_shape:
                with archive.open("arr_1.npy", "w") as file:
                    np.lib.format.write_array(file, labels.numpy())

    return _write_whole(out, write)


def write_npy(run: Run, options: SampleOptions, out: Path) -> Path:
    """Write the array arr_0 of `write_npz` alone. Raises FolderError if the file exists or cannot be written."""

    def write(temporary: Path) -> None:
        with temporary.open("xb") as file:
            _write_samples(run, options, file)

    return _write_whole(out, write)


def _write_whole(out: Path, write: Callable[[Path], None]) -> Path:
    """Write a file under a temporary name, then rename it."""
    hint = f"-o OTHER{out.suffix}"
    if out.exists():
        raise FolderError("the file of images exists", where=str(out), hint=hint)
    temporary = out.with_name(f".{out.name}.tmp-{os.getpid()}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        write(temporary)
        temporary.replace(out)
    except OSError as error:
        raise FolderError(f"cannot write the images: {error}", where=str(out), hint=hint) from error
    finally:
        if temporary.is_file():
            temporary.unlink()
    return out


def _write_samples(run: Run, options: SampleOptions, file: IO[bytes]) -> torch.Tensor:
    """Write the samples as an array, images with their channels last, and return their labels (N, ...)."""
    shape, images, kept = run.data.shape, run.data.images, list[torch.Tensor]()
    rows = (*shape[1:], shape[0]) if images else shape
    _write_header(file, np.uint8 if images else np.float32, (options.count, *rows))
    for x, y in stream_samples(run, options):
        file.write((x.permute(0, 2, 3, 1) if images else x).contiguous().cpu().numpy().data)
        kept.append(y)
    return torch.cat(kept)


def _write_header(file: IO[bytes], dtype: DTypeLike, shape: Sequence[int]) -> None:
    descr = np.lib.format.dtype_to_descr(np.dtype(dtype))
    np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": tuple(shape)})
