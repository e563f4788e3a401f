"""`ganzoo evaluate`: a run, a folder, a zip archive or an npz file of images against a dataset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ganzoo.build import GAN
from ganzoo.config import Choice, Layer, Origin, RunConfig, flatten, parse_component, resolve, to_tables
from ganzoo.contracts import Samples
from ganzoo.device import choose_device
from ganzoo.errors import CheckpointError, ConfigError, EvaluationError
from ganzoo.experiment import Run
from ganzoo.feed import check_samples
from ganzoo.folder import RunFolder
from ganzoo.images import write_png
from ganzoo.judging import best_evaluation, describe_images
from ganzoo.protocol import Generated
from ganzoo.recipes import settle
from ganzoo.recording import write_report
from ganzoo.sampling import GeneratedImages, Images, StoredImages
from ganzoo.scoring import Evaluator, Report, hash_images, open_evaluator
from ganzoo.targets import read_images
from ganzoo.zoo import Zoo, load_zoo


@dataclass(frozen=True)
class Subject:
    """What is scored: images, what they are, and the checkpoint that they are of."""

    images: Images
    about: Generated
    checkpoint: str = ""


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

    Raises EvaluationError, ConfigError, DataError, CheckpointError, PluginError or ResourceError.
    """
    zoo = zoo or load_zoo()
    said = dict(options or {})
    if dataset is not None:
        said |= parse_component("dataset", dataset)
    if features is not None:
        said["features.name"] = features
    elif said.get("features.weights"):
        said["features.name"] = "inception"
    if isinstance(target, Run) or RunFolder(Path(target)).recipe.is_file():
        run = target if isinstance(target, Run) else Run(target, zoo)
        return _evaluate_run(run, zoo, said, step, best, ema, closest)
    if step is not None or best or not ema:
        raise ConfigError("a step, the best checkpoint and raw weights are those of a run", where=str(target))
    return _evaluate_images(Path(target), zoo, said, closest)


def _evaluate_run(
    run: Run, zoo: Zoo, said: dict[str, Any], step: int | None, best: bool, ema: bool, closest: Path | None
) -> Report:
    config = _overlay(run.config, said)
    name = "last" if step is None else f"step {step}"
    if best:
        name, step = "best", _best_step(run)
    evaluator = _open(config, zoo, said)
    gan, step = run.restore(step)
    images = _generated(run, gan, config, ema)
    report = evaluator.score(images, describe_images(images, "ema" if ema else "raw", step))
    write_report(run.folder, name, report.to_json())
    _draw(evaluator, report, images, closest or run.folder.closest)
    return report


def _best_step(run: Run) -> int:
    if not (record := best_evaluation(run.folder)):
        hint = f"ganzoo run --eval-every N; or --step N: {run.path}"
        raise CheckpointError("no evaluation chose a best checkpoint", where=str(run.path), hint=hint)
    return int(record["step"])


def _generated(run: Run, gan: GAN, config: RunConfig, ema: bool) -> GeneratedImages:
    network = gan.G_ema.module if ema else gan.G
    return GeneratedImages(network, gan.z_dim, run.num_classes, config.eval.samples, config.eval.seed)


def _evaluate_images(path: Path, zoo: Zoo, said: dict[str, Any], closest: Path | None) -> Report:
    if "dataset.name" not in said:
        hint = "--dataset digits, or --dataset folder:PATH of real images"
        raise ConfigError("images are scored against a dataset, and none is named", where=str(path), hint=hint)
    x, notes = read_images(path, said.get("dataset.image_size"))
    if (count := said.get("eval.samples", len(x))) > len(x):
        raise EvaluationError(f"{count} samples asked for, and there are {len(x)}", where=str(path))
    config = settle(flags={"dataset.image_size": x.shape[-1]} | said).run
    evaluator = _open(config, zoo, said)
    if x.shape[2:] != evaluator.real.shape[2:]:
        sizes = f"{tuple(x.shape[2:])} and {tuple(evaluator.real.shape[2:])}"
        raise EvaluationError(f"generated and real images differ in size: {sizes}", hint="--image-size N")
    images = StoredImages(x[:count], choose_device(config.train.device, "fp32").torch_device)
    source = path.suffix.lstrip(".") or "folder"
    report = evaluator.score(images, Generated(count, source, sha256=hash_images(images.x)))
    report = replace(report, warnings=(*notes, *report.warnings))
    if closest is not None:
        _draw(evaluator, report, images, closest)
    return report


def _overlay(config: RunConfig, said: Mapping[str, Any]) -> RunConfig:
    """The settings of a run with what is said now; another dataset brings its own extractor."""
    if said.get("dataset.name", config.dataset.name) != config.dataset.name:
        config = replace(config, features=Choice("auto"))
    recipe = Layer(Origin("run"), flatten(to_tables(config)))
    return resolve([recipe, Layer(Origin("flag"), said)]).run


def _open(config: RunConfig, zoo: Zoo, said: Mapping[str, Any]) -> Evaluator:
    samples: Samples = zoo.create("dataset", config.dataset).load()
    check_samples(samples, config.dataset.name)
    device = choose_device(config.train.device, "fp32").torch_device
    return open_evaluator(samples, config.dataset, config.features, config.eval, zoo, device)


def _draw(evaluator: Evaluator, report: Report, images: Images, path: Path) -> None:
    if (picture := evaluator.draw_closest(report, images)) is not None:
        write_png(path, picture)
