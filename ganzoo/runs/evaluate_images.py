"""Evaluate images that are not a run's: a folder, a zip archive or an npz file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from ganzoo.data.listing import abridge
from ganzoo.data.samples import hash_samples
from ganzoo.errors import ConfigError, EvaluationError
from ganzoo.evaluation.evaluator import Report
from ganzoo.evaluation.image_sets import read_images
from ganzoo.evaluation.image_sizes import evaluating, show
from ganzoo.evaluation.protocol import Generated
from ganzoo.runs.dataset_evaluator import evaluation_device, open_dataset_evaluator, with_image_size, write_closest
from ganzoo.runs.folder import RunFolder
from ganzoo.training.sampling import StoredImages
from ganzoo.zoo import choices
from ganzoo.zoo.catalogue import Zoo
from ganzoo.zoo.recipes import settle


def evaluate_images(path: Path, zoo: Zoo, given: Mapping[str, Any], closest: Path | None) -> Report:
    """Score the images at `path` with the `given` settings, which must name a dataset; raises what `evaluate` raises.

    `closest` is where to write generated images beside the nearest real ones, if anywhere.
    """
    if "dataset.name" not in given:
        hint = "--dataset digits, or --dataset folder:PATH of real images"
        raise ConfigError("images are scored against a dataset, and none is named", where=str(path), hint=hint)
    config = settle(flags=given).run
    choices.check(config, zoo)  # before anything is read
    refuse_runs(path.expanduser())
    x, notes = read_images(path, given.get("dataset.image_size"))
    if "eval.samples" in given:
        x = _first(x, config.eval.samples, path)
    evaluator = open_dataset_evaluator(with_image_size(config, x.shape[-1], zoo), zoo, tuple(x.shape[1:]))
    images = StoredImages(x, evaluation_device(config))
    source = "folder" if path.is_dir() else path.suffix[1:].lower()
    report = evaluator.score(images, Generated(len(x), source, sha256=hash_samples(x).images))
    report = replace(report, warnings=(*notes, *report.warnings))
    if closest is not None:
        write_closest(evaluator, report, images, closest)
    return report


def _first(x: Tensor, count: int, path: Path) -> Tensor:
    """Return the first `count` images. Raises EvaluationError if there are fewer."""
    if count > len(x):
        hint = f"--samples {len(x)}, or leave it out"
        raise EvaluationError(f"{count} samples asked for, and there are {len(x)}", where=str(path), hint=hint)
    return x[:count]


def refuse_runs(path: Path) -> None:
    """Raise EvaluationError for a run, a folder of runs, and the sample grids of a run."""
    if not path.is_dir():
        return
    whole = path.resolve()
    if RunFolder(whole).recipe.is_file():
        raise EvaluationError(f"{show(path)} is a run, not a folder of images", hint=evaluating(path))
    if RunFolder(whole.parent).recipe.is_file() and whole == RunFolder(whole.parent).samples:
        what = f"{show(path)} holds the sample grids of a run, not single images"
        raise EvaluationError(what, hint=evaluating(whole.parent))
    if runs := sorted(recipe.parent.name for recipe in path.glob("*/recipe.toml")):
        what = f"{show(path)} is a folder of runs, not of images"
        raise EvaluationError(what, where=abridge(runs), hint=evaluating(path / runs[0]))
