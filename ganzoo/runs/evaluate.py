"""`ganzoo evaluate`: a run, a folder, a zip archive or an npz file of images against a dataset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from ganzoo.contracts import Samples
from ganzoo.data.images import write_png
from ganzoo.data.listing import abridge
from ganzoo.errors import CheckpointError, ConfigError, EvaluationError, FolderError
from ganzoo.evaluation.evaluator import Evaluator, Report, hash_images, open_evaluator
from ganzoo.evaluation.image_sets import read_images
from ganzoo.evaluation.image_sizes import evaluating, show
from ganzoo.evaluation.protocol import Generated
from ganzoo.evaluation.run_evaluator import describe_images
from ganzoo.runs.folder import RunFolder, explain_disk
from ganzoo.runs.manifest import check_plugins
from ganzoo.runs.run import Run
from ganzoo.runs.scores import best_evaluation, save_report
from ganzoo.settings.merge import Layer, Origin, resolve
from ganzoo.settings.sections import Choice, RunConfig
from ganzoo.settings.toml import flatten, parse_component, to_tables
from ganzoo.training.device import choose_device
from ganzoo.training.feed import check_samples
from ganzoo.training.gan import GAN
from ganzoo.training.sampling import GeneratedImages, Images, StoredImages
from ganzoo.zoo import choices
from ganzoo.zoo.catalogue import Zoo, load_zoo
from ganzoo.zoo.recipes import settle


def evaluate(
    target: str | Path | Run,
    *,
    dataset: str | None = None,
    features: str | None = None,
    options: Mapping[str, Any] | None = None,
    step: int | None = None,
    best: bool = False,
    ema: bool = True,
    closest: Path | None = None,
    zoo: Zoo | None = None,
) -> Report:
    """Score a run, or images in a folder, a zip archive or an npz file, against a dataset: a run's own by default.

    `options` are settings as on `--set`: {"eval.samples": 10_000, "eval.metrics": "fid,is"}. `step`, `best`
    and `ema` choose the weights of a run, whose scores.json takes the report. `closest` is where to write
    generated images beside the nearest real ones; for a run it is in its folder.

    Raises EvaluationError, ConfigError, DataError, CheckpointError, PluginError, ResourceError or FolderError.
    """
    zoo = zoo or (target.zoo if isinstance(target, Run) else load_zoo())
    said = dict(options or {})
    if foreign := [key for key in said if not key.startswith(_SETTINGS)]:
        raise ConfigError(f"{foreign[0]} is no setting of an evaluation", hint=", ".join(_SETTINGS))
    if dataset is not None:
        said |= parse_component("dataset", dataset)
    if features is not None:
        said["features.name"] = features
    if isinstance(target, Run) or RunFolder(Path(target)).recipe.is_file():
        run = target if isinstance(target, Run) else Run(target, zoo)
        if best and step is not None:
            raise ConfigError("a step was named, and the best one too", where=str(run.path), hint="one of the two")
        return _evaluate_run(run, zoo, said, step, best, ema, closest)
    if step is not None or best or not ema:
        raise ConfigError("a step, the best checkpoint and raw weights are those of a run", where=str(target))
    return _evaluate_images(Path(target), zoo, said, closest)


_SETTINGS = ("dataset.", "features.", "eval.", "train.device")


def _evaluate_run(
    run: Run, zoo: Zoo, said: dict[str, Any], step: int | None, best: bool, ema: bool, closest: Path | None
) -> Report:
    check_plugins(run.manifest, zoo)  # which says more than that a component of the run is unknown
    config = _overlay(run, said, zoo)
    choices.check(config, zoo)
    name = "last" if step is None else f"step {step}"
    if best:
        name, step = "best", _best_step(run)
    gan, step = run.restore(step)
    evaluator = _open(config, zoo, run.data.shape)
    if any(key.startswith("dataset.") for key in said):  # it was not trained on these images
        evaluator = replace(evaluator, memorisation=False)
    images = _generated(run, gan, config, ema)
    report = evaluator.score(images, describe_images(images, "ema" if ema else "raw", step))
    with explain_disk(run.path):
        save_report(run.folder, name, report.to_json())
    if closest is not None:
        _draw(evaluator, report, images, closest)
    elif name == "last" and ema:
        _draw(evaluator, report, images, run.folder.closest)
    return report


def _best_step(run: Run) -> int:
    if not (record := best_evaluation(run.folder)):
        hint = f"ganzoo run --eval-every N; or --step N: {run.path}"
        raise CheckpointError("no evaluation chose a best checkpoint", where=str(run.path), hint=hint)
    return int(record["step"])


def _generated(run: Run, gan: GAN, config: RunConfig, ema: bool) -> GeneratedImages:
    network = (gan.G_ema.module if ema else gan.G).to(_device(config))
    return GeneratedImages(network, gan.z_dim, run.num_classes, config.eval.samples, config.eval.seed)


def _evaluate_images(path: Path, zoo: Zoo, said: dict[str, Any], closest: Path | None) -> Report:
    if "dataset.name" not in said:
        hint = "--dataset digits, or --dataset folder:PATH of real images"
        raise ConfigError("images are scored against a dataset, and none is named", where=str(path), hint=hint)
    config = settle(flags=said).run
    choices.check(config, zoo)  # before anything is read
    _refuse_runs(path.expanduser())
    x, notes = read_images(path, said.get("dataset.image_size"))
    count = config.eval.samples if "eval.samples" in said else len(x)
    if count > len(x):
        hint = f"--samples {len(x)}, or leave it out"
        raise EvaluationError(f"{count} samples asked for, and there are {len(x)}", where=str(path), hint=hint)
    config = _sized(config, x.shape[-1], zoo)
    evaluator = _open(config, zoo, tuple(x.shape[1:]))
    images = StoredImages(x[:count], _device(config))
    source = "folder" if path.is_dir() else path.suffix[1:].lower()
    report = evaluator.score(images, Generated(count, source, sha256=hash_images(images.x)))
    report = replace(report, warnings=(*notes, *report.warnings))
    if closest is not None:
        _draw(evaluator, report, images, closest)
    return report


def _refuse_runs(path: Path) -> None:
    """Raise EvaluationError for a run, a folder of runs, and the sample grids of a run."""
    whole = path.resolve()
    if RunFolder(whole).recipe.is_file():
        raise EvaluationError(f"{show(path)} is a run, not a folder of images", hint=evaluating(path))
    if RunFolder(whole.parent).recipe.is_file() and whole == RunFolder(whole.parent).samples:
        what = f"{show(path)} holds the sample grids of a run, not single images"
        raise EvaluationError(what, hint=evaluating(whole.parent))
    if runs := sorted(recipe.parent.name for recipe in path.glob("*/recipe.toml")):
        what = f"{show(path)} is a folder of runs, not of images"
        raise EvaluationError(what, where=abridge(runs), hint=evaluating(path / runs[0]))


def _overlay(run: Run, said: Mapping[str, Any], zoo: Zoo) -> RunConfig:
    """The settings of a run with what is said now; another dataset brings its own extractor, at the run's size."""
    config = run.config
    other = said.get("dataset.name", config.dataset.name) != config.dataset.name
    if other:
        config = replace(config, features=Choice("auto"))
    recipe = Layer(Origin("run"), flatten(to_tables(config)))
    config = resolve([recipe, Layer(Origin("flag"), said)]).run
    return _sized(config, run.data.shape[-1], zoo) if other and len(run.data.shape) == 3 else config


def _sized(config: RunConfig, size: int, zoo: Zoo) -> RunConfig:
    """The same with a dataset of this image size, where it has the choice and none was said."""
    has = "image_size" in [option.name for option in zoo.entry("dataset", config.dataset.name).options]
    if not has or "image_size" in config.dataset.options:
        return config
    return replace(config, dataset=Choice(config.dataset.name, {**config.dataset.options, "image_size": size}))


def _device(config: RunConfig) -> torch.device:
    return choose_device(config.train.device, "fp32").torch_device


def _open(config: RunConfig, zoo: Zoo, shape: tuple[int, ...]) -> Evaluator:
    """Load the dataset, whose samples must be of this shape but for the channels, and what scores are made with."""
    samples: Samples = zoo.create("dataset", config.dataset).load()
    check_samples(samples, config.dataset.name)
    _require_alike(shape, samples.spec.shape)
    return open_evaluator(samples, config.dataset, config.features, config.eval, zoo, _device(config))


def _require_alike(fake: tuple[int, ...], real: tuple[int, ...]) -> None:
    """Raise EvaluationError unless both are images of one size, grey or not, or points of one space."""
    if len(fake) != 3 or len(real) != 3:
        if fake != real:
            what = f"generated samples have shape {fake}, and real ones {real}"
            raise EvaluationError(what, hint="the --dataset of the run, or one of the same shape")
    elif fake[1:] != real[1:]:
        what = f"generated and real images differ in size: {fake[1:]} and {real[1:]}"
        raise EvaluationError(what, hint="leave out --image-size")


def _draw(evaluator: Evaluator, report: Report, images: Images, path: Path) -> None:
    try:
        if (picture := evaluator.draw_closest(report, images)) is not None:
            write_png(path, picture)
    except (OSError, ValueError) as error:
        raise FolderError(f"cannot write the picture: {error}", where=str(path), hint="--closest pairs.png") from error
