"""An evaluator against a dataset, for generated samples of a given shape."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import torch
from PIL import Image
from torch import Tensor

from ganzoo.contracts import DataSpec, Samples
from ganzoo.data.images import write_png
from ganzoo.errors import EvaluationError, FolderError
from ganzoo.evaluation.evaluator import Evaluator, Report, open_evaluator
from ganzoo.evaluation.statistics import open_statistics_evaluator, write_statistics
from ganzoo.files import require_writable
from ganzoo.settings.sections import Choice, RunConfig
from ganzoo.training.device import choose_device
from ganzoo.training.sampling import Images
from ganzoo.zoo.catalogue import Zoo
from ganzoo.zoo.loading import load_dataset


def open_dataset_evaluator(config: RunConfig, zoo: Zoo, data: DataSpec, samples: Samples | None = None) -> Evaluator:
    """Load the dataset, the extractor and the metrics that such samples are scored with.

    `samples` are those of the dataset, if they are loaded already. None are needed if the settings name a file of
    statistics.

    Raises EvaluationError if real samples have another shape (images may differ in channels), and what
    `open_evaluator` raises.
    """
    device = evaluation_device(config)
    if config.eval.reference:
        return open_statistics_evaluator(data, config, zoo, device)
    if samples is None:
        samples = load_dataset(config.dataset, zoo)
    _require_alike(data, samples.spec)
    return open_evaluator(samples, config, zoo, device)


def _require_alike(fake: DataSpec, real: DataSpec) -> None:
    """Raise EvaluationError unless both are images of one size, grey or RGB, or other samples of one shape."""
    if not (fake.images and real.images):
        if (fake.images, fake.shape) != (real.images, real.shape):
            what = f"generated samples are {_name(fake)}, and real ones {_name(real)}"
            raise EvaluationError(what, hint="leave out --dataset, or name one of this shape")
    elif fake.shape[1:] != real.shape[1:]:
        what = f"generated and real images differ in size: {fake.shape[1:]} and {real.shape[1:]}"
        raise EvaluationError(what, hint="leave out --image-size")


def _name(data: DataSpec) -> str:
    return f"{'images' if data.images else 'numbers'} of shape {data.shape}"


def evaluation_device(config: RunConfig) -> torch.device:
    """Return the device on which samples are made and scored, always in float32."""
    return choose_device(config.train.device, "fp32").torch_device


def with_image_size(config: RunConfig, size: int, zoo: Zoo) -> RunConfig:
    """Return the settings with a dataset of this image size, if the dataset has that option and it was not given."""
    has_option = "image_size" in [option.name for option in zoo.entry("dataset", config.dataset.name).options]
    if not has_option or "image_size" in config.dataset.options:
        return config
    return replace(config, dataset=Choice(config.dataset.name, {**config.dataset.options, "image_size": size}))


class Outputs(NamedTuple):
    """The files that an evaluation writes beside its report; None is not written."""

    closest: Path | None = None
    """Picture of generated images beside the nearest real ones."""
    reference: Path | None = None
    """Statistics of the reference."""

    def check(self) -> None:
        """Raise FolderError for a file that cannot be written: now, not after everything was scored."""
        if self.closest is not None and self.closest.suffix.lower() not in Image.registered_extensions():
            what = f"cannot write the picture: {self.closest.suffix or 'no suffix'} is no format of pictures"
            raise FolderError(what, where=str(self.closest), hint="--closest pairs.png")
        for path, flag in ((self.closest, "--closest pairs.png"), (self.reference, "--write-reference stats.npz")):
            try:
                if path is not None:
                    require_writable(path.expanduser().parent)
            except OSError as error:
                raise FolderError(f"cannot write there: {error.strerror}", where=str(path), hint=flag) from error


def write_outputs(
    evaluator: Evaluator, report: Report, images: Images, outputs: Outputs, labels: Tensor | None = None
) -> None:
    """Write the files that were asked for. Raises FolderError."""
    if outputs.reference is not None:
        write_statistics(outputs.reference.expanduser(), evaluator.reference, evaluator.extractor)
    if outputs.closest is not None:
        _write_closest(evaluator, report, images, outputs.closest, labels)


def _write_closest(evaluator: Evaluator, report: Report, images: Images, path: Path, labels: Tensor | None) -> None:
    try:
        if (picture := evaluator.draw_closest(report, images, labels)) is not None:
            write_png(path, picture)
    except (OSError, ValueError) as error:
        raise FolderError(f"cannot write the picture: {error}", where=str(path), hint="--closest pairs.png") from error
