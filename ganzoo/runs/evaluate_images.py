"""Evaluate images that are not a run's: a folder, a zip archive or an npz file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from ganzoo.contracts import DataSpec
from ganzoo.data.listing import abridge
from ganzoo.data.parts import pick_evenly
from ganzoo.data.samples import hash_samples
from ganzoo.errors import ConfigError, EvaluationError
from ganzoo.evaluation.classes import match_labels
from ganzoo.evaluation.evaluator import Report
from ganzoo.evaluation.image_sets import read_images
from ganzoo.evaluation.image_sizes import ImageSet, evaluating, show
from ganzoo.evaluation.protocol import Generated
from ganzoo.evaluation.statistics import name_features
from ganzoo.runs.dataset_evaluator import (
    Outputs,
    evaluation_device,
    open_dataset_evaluator,
    with_image_size,
    write_outputs,
)
from ganzoo.runs.folder import RunFolder
from ganzoo.settings.dataset_paths import name_reader
from ganzoo.settings.sections import EvalConfig
from ganzoo.training.sampling import StoredImages
from ganzoo.zoo import choices
from ganzoo.zoo.catalogue import Zoo
from ganzoo.zoo.recipes import settle


def evaluate_images(path: Path, zoo: Zoo, given: Mapping[str, Any], outputs: Outputs) -> Report:
    """Score the images at `path` with the `given` settings, which must name a dataset, or a file of statistics.

    Raises what `evaluate` raises.
    """
    if "dataset.name" not in given and "eval.reference" not in given:
        hint = "--dataset digits, or --dataset folder:PATH (of real images)"
        raise ConfigError("images are scored against a dataset, and none is named", where=str(path), hint=hint)
    if "eval.reference" in given and "features.name" not in given:
        given = {**given, "features.name": name_features(Path(given["eval.reference"]))}
    config = settle(flags=given, known=zoo.names).run
    choices.check(config, zoo)  # before anything is read
    refuse_runs(path.expanduser())
    numbers = bool(config.dataset.options.get("numbers"))
    images = read_images(path, given.get("dataset.image_size"), numbers=numbers)
    about = Generated(len(images.x), name_reader(path.expanduser()))
    if "eval.samples" in given:
        images, about = _pick(images, about, config.eval, path)
    x = images.x
    config = config if numbers else with_image_size(config, x.shape[-1], zoo)
    data = DataSpec(tuple(x.shape[1:]), images=x.dtype == torch.uint8)
    evaluator = open_dataset_evaluator(config, zoo, data)
    stored = StoredImages(x, evaluation_device(config))
    labels = match_labels(images.y, images.class_names, evaluator.reference.class_names)
    report = evaluator.score(stored, replace(about, sha256=hash_samples(x).images), labels)
    report = replace(report, warnings=(*images.notes, *report.warnings))
    write_outputs(evaluator, report, stored, outputs, labels)
    return report


def _pick(images: ImageSet, about: Generated, settings: EvalConfig, path: Path) -> tuple[ImageSet, Generated]:
    """Pick as many images as the settings say, with their seed, each folder or class in its share.

    Return also their entry in the protocol. Raises EvaluationError if there are fewer.
    """
    count, total = settings.samples, len(images.x)
    if count > total:
        hint = f"--samples {total}, or leave it out"
        raise EvaluationError(f"{count} samples asked for, and there are {total}", where=str(path), hint=hint)
    if count == total:
        return images, about
    chosen = pick_evenly(count, total, labels=images.y, seed=settings.seed)
    picked = images._replace(x=images.x[chosen], y=None if images.y is None else images.y[chosen])
    group = "class" if about.source in ("npz", "npy") else "folder"
    pick = f"even, each {group} in its share" if images.class_names else "even"
    return picked, replace(about, count=count, of=total, pick=pick, seed=settings.seed)


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
