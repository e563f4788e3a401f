"""Evaluate a run, or any images, against a dataset: what `ganzoo evaluate` does."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from ganzoo.data.images import write_png
from ganzoo.errors import CheckpointError, ConfigError, EvaluationError, GanzooError
from ganzoo.evaluation.classes import match_labels
from ganzoo.evaluation.evaluator import Evaluator, Report
from ganzoo.evaluation.run_evaluator import describe_images, generated_images
from ganzoo.runs.dataset_evaluator import (
    Outputs,
    evaluation_device,
    open_dataset_evaluator,
    with_image_size,
    write_outputs,
)
from ganzoo.runs.evaluate_images import evaluate_images
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.manifest import check_plugins
from ganzoo.runs.run import Run, open_run
from ganzoo.runs.sample_stream import count_classes, is_older
from ganzoo.runs.scores import best_evaluation, save_report
from ganzoo.settings.keywords import plain, read_keywords, read_options
from ganzoo.settings.merge import Layer, Origin, resolve
from ganzoo.settings.sections import Choice, RunConfig
from ganzoo.settings.toml import flatten, to_tables
from ganzoo.zoo import choices
from ganzoo.zoo.catalogue import Zoo
from ganzoo.zoo.names import spell_names
from ganzoo.zoo.plugins import load_zoo


def evaluate(
    target: str | Path | Run, *, dataset: str | Path | None = None, features: str | None = None,
    samples: int | None = None, metrics: str | None = None, seed: int | None = None, device: str | None = None,
    batch_size: int | None = None, image_size: int | None = None, data_root: str | Path | None = None,
    options: Mapping[str, Any] | None = None, dataset_path: str | Path | None = None, step: int | None = None,
    best: bool = False, ema: bool = True, closest: str | Path | None = None,
    write_reference: str | Path | None = None, zoo: Zoo | None = None,
) -> Report:  # fmt: skip
    """Score a run, or images in a folder, a zip archive or an npz file, against a dataset: a run's own by default.

    `samples` to score, `metrics` ("fid,is"), `seed` of the latents, and `options` ({"eval.labels": "balanced"}) replace
    those of the run. `step`, `best` and `ema` choose its weights; its scores.json takes the report. `closest` is where
    to write generated images beside the nearest real ones; for a run it is in its folder. `write_reference` is where to
    write the mean and covariance of the reference, a file that "eval.reference" takes in place of a dataset.
    `dataset_path` is where the data of a run lie now, if they moved: other data raise CheckpointError.

    Raises EvaluationError, ConfigError, DataError, CheckpointError, PluginError, ResourceError or FolderError.
    """
    zoo = zoo or (target.zoo if isinstance(target, Run) else load_zoo())
    words = {"samples": samples, "metrics": metrics, "seed": seed, "batch_size": batch_size}
    said = {f"eval.{word}": value for word, value in words.items()} | {"train.device": device}
    said |= read_keywords({"image_size": image_size, "data_root": data_root, "dataset": dataset, "features": features})
    given = spell_names(_read_settings(said, options), zoo.names)
    outputs = Outputs(*(None if path is None else Path(path).expanduser() for path in (closest, write_reference)))
    return _evaluate(target, zoo, given, _Weights(step, best, ema), outputs, dataset_path)


def _evaluate(
    target: str | Path | Run, zoo: Zoo, given: Mapping[str, Any], weights: _Weights, outputs: Outputs,
    dataset_path: str | Path | None,
) -> Report:  # fmt: skip
    """Score a run, or images. Raises ConfigError for a setting of runs where there is none."""
    outputs.check()
    if isinstance(target, Run) or os.path.lexists(RunFolder(Path(target).expanduser()).recipe):
        run = open_run(target, _require_own(dataset_path, given), zoo)
        run.folder.require_own_parts()
        return _evaluate_run(run, zoo, given, weights, outputs)
    if not os.path.lexists(Path(target).expanduser()):
        raise EvaluationError(
            "there is no such run, folder or file", where=str(target), hint="ganzoo runs (lists runs)"
        )
    labels_or_truncation = {"eval.labels", "eval.truncation"} & given.keys()
    if weights != _Weights(None, False, True) or dataset_path is not None or labels_or_truncation:
        what = "a step, the best checkpoint, raw weights, labels, truncation and data that moved are those of a run"
        raise ConfigError(what, where=str(target), hint=f"ganzoo evaluate {shlex.quote(str(target))} --dataset NAME")
    return evaluate_images(Path(target).expanduser(), zoo, dict(given), outputs)


def _require_own(dataset_path: str | Path | None, given: Mapping[str, Any]) -> str | Path | None:
    """Return the path. Raises ConfigError if a dataset is named too, which is not the run's own."""
    if dataset_path is not None and "dataset.name" in given:
        what = f"--dataset-path is where the run's own data lie, and --dataset names {given['dataset.name']!r}"
        raise ConfigError(what, hint="leave out --dataset, or leave out --dataset-path")
    return dataset_path


SIZE = "dataset.image_size"
"""Key of the size to which images are resized, whatever the reference."""
_SETTINGS = ("dataset.", "features.", "eval.", "metric.", "train.device")


def _read_settings(said: Mapping[str, Any], options: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the settings that a caller gave, by key. Raises ConfigError for one that no evaluation has."""
    given = read_options(options)
    if foreign := [key for key in given if not key.startswith(_SETTINGS)]:
        raise ConfigError(f"{foreign[0]} is not a setting of an evaluation", hint=", ".join(_SETTINGS))
    given |= {key: plain(value) for key, value in said.items() if value is not None}
    if isinstance(metrics := given.get("eval.metrics"), list):
        given["eval.metrics"] = ",".join(map(str, metrics))
    if given.get("eval.reference") and (others := [key for key in given if key.startswith("dataset.") and key != SIZE]):
        what = f"both {others[0]} and a file of statistics name the reference"
        raise ConfigError(what, hint="leave out --reference, or leave out --dataset")
    return given


@dataclass(frozen=True)
class _Weights:
    """The weights of a run that are scored: those of `step`, of the best checkpoint, or of the newest one."""

    step: int | None
    best: bool
    ema: bool


def _evaluate_run(run: Run, zoo: Zoo, given: Mapping[str, Any], weights: _Weights, outputs: Outputs) -> Report:
    if weights.best and weights.step is not None:
        what = "both a step and the best checkpoint are named"
        raise ConfigError(what, where=str(run.path), hint=f"--step {weights.step}, or --best")
    check_plugins(run.made_with, zoo)  # first: its error says more than that a component is unknown
    config = _settings_of(run, given, zoo)
    choices.check(config, zoo)
    name, step = _choose_checkpoint(run, weights)
    gan, step = run.restore(step)
    evaluator = _open_evaluator(run, config, zoo, others=any(key.startswith("dataset.") for key in given))
    network = (gan.G_ema.module if weights.ema else gan.G).to(evaluation_device(config))
    counts, remark = count_classes(run)
    images = generated_images(network, gan, config.eval, counts)
    if "eval.labels" not in given and config.eval.labels == "balanced" and is_older(run):
        remark = f"each class in turn, as this run was scored before; ganzoo evaluate {run.path} --labels training"
    elif config.eval.labels == "balanced":
        remark = ""
    if remark:
        evaluator = replace(evaluator, notes=(*evaluator.notes, remark))
    labels = match_labels(images.labels, run.class_names, evaluator.reference.class_names)
    report = evaluator.score(images, describe_images(images, "ema" if weights.ema else "raw", step), labels)
    draws = outputs.closest is None and name == "last" and weights.ema
    report = _keep(report, run, name, evaluator.draw_closest(report, images, labels) if draws else None)
    write_outputs(evaluator, report, images, outputs, labels)
    return report


def _keep(report: Report, run: Run, name: str, closest: Tensor | None) -> Report:
    """Write a report, and the picture of the closest images, into the folder of the run.

    Where that is impossible, because the run is another's or its disk is full, the report that is returned says so.
    """
    try:
        save_report(run.folder, name, report.to_json())
        if closest is not None:
            write_png(run.folder.closest, closest)
    except (OSError, ValueError, GanzooError) as error:  # read-only, full, or a scores.json that cannot be read
        why = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        return replace(report, warnings=(*report.warnings, f"not kept in {run.path}: {why}"))
    return report


def _open_evaluator(run: Run, config: RunConfig, zoo: Zoo, *, others: bool) -> Evaluator:
    """Return an evaluator against the data of a run, or against `others`, which it was not trained on.

    Statistics stand for the data of the run, which are then loaded only if the user said where they moved.
    """
    own = run.load_data() if run.is_moved or not (others or config.eval.reference) else None
    if not others:
        return open_dataset_evaluator(config, zoo, run.data, own)
    return replace(open_dataset_evaluator(config, zoo, run.data), memorisation=False)


def _settings_of(run: Run, given: Mapping[str, Any], zoo: Zoo) -> RunConfig:
    """Return the settings of a run under the `given` ones; another dataset has its own extractor and the run's size."""
    config = run.config
    other = given.get("dataset.name", config.dataset.name) != config.dataset.name
    if other:
        config = replace(config, features=Choice("auto"))
    recipe = Layer(Origin("run"), flatten(to_tables(config)))
    config = resolve([recipe, Layer(Origin("flag"), given)]).run
    return with_image_size(config, run.data.shape[-1], zoo) if other and run.data.images else config


def _choose_checkpoint(run: Run, weights: _Weights) -> tuple[str, int | None]:
    """Return the name and the step of a checkpoint; None is the newest. Raises CheckpointError if none is the best."""
    if not weights.best:
        return ("last", None) if weights.step is None else (f"step {weights.step}", weights.step)
    if not (record := best_evaluation(run.folder)):
        hint = "leave out --best"
        raise CheckpointError("no evaluation chose a best checkpoint", where=str(run.path), hint=hint)
    return "best", int(record["step"])
