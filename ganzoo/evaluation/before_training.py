"""Foresight of what the scores of a run will lack: weights, an extractor that reads its images, enough of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from ganzoo.contracts import Extractor, FeatureExtractor, Features, FeatureSet, Samples
from ganzoo.errors import DataError, EvaluationError, GanzooError
from ganzoo.evaluation.evaluator import Evaluator, describe_reference, label, load_extractor
from ganzoo.evaluation.extraction import feature_device, kept_rows
from ganzoo.evaluation.run_evaluator import RunEvaluator
from ganzoo.evaluation.views import View, is_same
from ganzoo.settings.sections import Choice, RunConfig
from ganzoo.training.device import choose_device
from ganzoo.training.labels import label_rule
from ganzoo.training.randomness import forked
from ganzoo.zoo import choices
from ganzoo.zoo.catalogue import Zoo


def foresee_scores(evaluator: RunEvaluator) -> list[str]:
    """Return what the scores of a run will lack, a line each; random states stay as they are.

    Raises EvaluationError or DataError if there can be none, with the extractor that fits the images as the first way
    out; ResourceError.
    """
    run, samples = evaluator.run, evaluator.samples
    if not run.eval.every and not run.eval.at_end:
        return []
    device = choose_device(run.train.device, "fp32").torch_device
    with forked(device), _naming_ways_out(samples, evaluator.zoo, device):
        loaded = _load(run, samples, evaluator.zoo, device)
        row = _extract_two(loaded, samples, device)
        needs_reference = run.eval.every or run.eval.reference or not samples.spec.images
        judge = evaluator.open() if needs_reference else _plan(run, samples, evaluator.zoo, loaded, row, device)
        lacking = judge.foresee(_plan_set(row, run.eval.samples, _plan_labels(run, samples, evaluator.zoo), samples))
    return [*lacking, *_note_steps(run)]


def _note_steps(run: RunConfig) -> list[str]:
    """Return a remark on scores while training that come after its end."""
    every, steps = run.eval.every, run.train.steps
    if every <= steps:
        return []
    then = "it is scored at its end alone" if run.eval.at_end else "it is not scored"
    return [f"eval.every={every:,}, and the run has {steps:,} steps: {then} (--eval-every {max(1, steps // 5)})"]


def _load(run: RunConfig, samples: Samples, zoo: Zoo, device: torch.device) -> Extractor:
    features = choices.choose_features(run.features, run.dataset, zoo)
    return load_extractor(samples.spec, features, zoo, device)


def _extract_two(loaded: Extractor, samples: Samples, device: torch.device) -> Features:
    """Return the features of two samples. Raises EvaluationError if the extractor cannot read them."""
    with torch.no_grad():
        return loaded.extract(samples.x[:2].to(device))


def _plan(
    run: RunConfig, samples: Samples, zoo: Zoo, loaded: Extractor, row: Features, device: torch.device
) -> Evaluator:
    """Return an evaluator whose reference has the size of the samples, but the features of one of them."""
    about = describe_reference(samples, run.dataset, zoo)
    reference = _plan_set(row, len(samples), samples.classes, samples)
    metrics = choices.choose_metrics(run, zoo)
    frechet = zoo.create("metric", Choice("fid@ganzoo"))
    own = choices.choose_features(run.features, run.dataset, zoo).name

    def open_view(name: str) -> View:
        if is_same(name, own, zoo):
            return View(loaded, reference)
        other = load_extractor(samples.spec, Choice(name), zoo, device)
        return View(other, _plan_set(_extract_two(other, samples, device), len(samples), samples.classes, samples))

    return Evaluator(loaded, metrics, frechet, reference, samples.x, about, run.eval.batch_size, open_view=open_view)


def _plan_set(row: Features, count: int, y: torch.Tensor | None, samples: Samples) -> FeatureSet:
    """Return a set of `count` samples that all have the first of the given features, with labels y (count,)."""
    kept, device = len(kept_rows(count)), feature_device(row.rows.device)
    rows, logits, deviations = (
        None if tensor is None else tensor[:1].to(device).expand(kept, *tensor.shape[1:]) for tensor in row
    )
    assert rows is not None  # every extractor has features
    mean = rows[0].double()
    features = FeatureSet(count, mean, mean.new_zeros(()), rows, logits, deviations=deviations)
    return label(features, y, samples.class_names)


def _plan_labels(run: RunConfig, samples: Samples, zoo: Zoo) -> torch.Tensor | None:
    """Return the labels of the images that will be generated, (eval.samples,); None without a conditioner."""
    counts = samples.class_counts
    if len(counts) < 2 or not zoo.create("conditioner", run.conditioner).embedding_dim:
        return None
    frequencies = counts if run.eval.labels == "training" else ()
    return label_rule(run.eval.samples, len(counts), frequencies)(torch.arange(run.eval.samples))


@contextmanager
def _naming_ways_out(samples: Samples, zoo: Zoo, device: torch.device) -> Iterator[None]:
    """Let an error name first the extractors that ship and read these samples, and last a run without scores."""
    try:
        yield
    except (EvaluationError, DataError) as error:
        fitting = [f"--features {name} (needs no network)" for name in find_fitting(samples, zoo, device)]
        others = [way for way in re.split(r"; |, or ", error.hint) if way and not way.startswith("--features ")]
        hint = "; ".join([*fitting, *others, "--no-scores"])
        raise type(error)(f"no scores: {error.what}", where=error.where, hint=hint) from error


def find_fitting(samples: Samples, zoo: Zoo, device: torch.device) -> list[str]:
    """Return the names of the extractors that need no file and read these samples."""
    fitting = []
    for entry in zoo.entries("features"):
        if not issubclass(entry.component, FeatureExtractor) or not entry.component.ships:
            continue
        try:
            _extract_two(load_extractor(samples.spec, Choice(entry.name), zoo, device), samples, device)
        except GanzooError:
            continue
        fitting.append(entry.name)
    return fitting
