"""The scores of a run: a glance at each evaluation while it trains, every metric when it is complete."""

from __future__ import annotations

from copy import deepcopy
from functools import cached_property
from typing import Any

from torch import nn

from ganzoo import checkpoint
from ganzoo.build import GAN
from ganzoo.config import RunConfig
from ganzoo.contracts import Dataset, Samples, Score
from ganzoo.device import choose_device
from ganzoo.files import read_records
from ganzoo.folder import RunFolder, read_reports
from ganzoo.images import write_png
from ganzoo.protocol import Generated, name_score
from ganzoo.randomness import forked
from ganzoo.recording import write_report
from ganzoo.sampling import GeneratedImages
from ganzoo.scoring import Evaluator, Report, open_evaluator
from ganzoo.zoo import Zoo

SELECTION = 1
"""Stream of the latents by whose images the best checkpoint is chosen; reports are made of stream 0."""


class Judge:
    """Scores the generators of one run.

    Raises what `scoring.open_evaluator` raises: at once if the run is to be scored while it trains, which
    must not find out later that weights are missing; else when the first score is asked for.
    """

    def __init__(self, run: RunConfig, zoo: Zoo, samples: Samples) -> None:
        self.run, self._zoo, self._samples = run, zoo, samples
        if run.eval.every:
            self.open()

    @property
    def dataset(self) -> Dataset:
        """Where the samples come from."""
        dataset: Dataset = self._zoo.create("dataset", self.run.dataset)
        return dataset

    def open(self) -> Evaluator:
        """Return extractor, reference and metrics of the run; loaded once."""
        return self._evaluator

    @cached_property
    def _evaluator(self) -> Evaluator:
        run = self.run
        device = choose_device(run.train.device, "fp32").torch_device
        with forked(device):  # a plugin's extractor may draw numbers, which are not the run's
            return open_evaluator(self._samples, run.dataset, run.features, run.eval, self._zoo, device)

    def glance(self, gan: GAN) -> tuple[str, Score, Score]:
        """Return the name and the FD of half the samples, and the FD of the other half, by which to choose."""
        count = max(2, self.run.eval.samples // 2)
        images = [self._images(gan.G_ema.module, gan, count, stream) for stream in (0, SELECTION)]
        evaluator = self.open()
        with forked(gan.device.torch_device):
            score, selection = map(evaluator.distance, images)
        return name_score("FD", evaluator.extractor, count), score, selection

    def report(self, network: nn.Module, gan: GAN, step: int) -> tuple[Report, GeneratedImages]:
        """Score a generator with every metric; the weights are those of G_ema."""
        settings = self.run.eval
        images = self._images(network, gan, settings.samples, 0)
        return self.open().score(images, describe_images(images, "ema", step)), images

    def _images(self, network: nn.Module, gan: GAN, count: int, stream: int) -> GeneratedImages:
        classes = self._samples.spec.num_classes if gan.conditioner.embedding_dim else 1
        return GeneratedImages(network, gan.z_dim, classes, count, self.run.eval.seed, stream)


def describe_images(images: GeneratedImages, weights: str, step: int) -> Generated:
    """Say in the words of the protocol what these images are."""
    return Generated(
        count=images.count,
        source="generator",
        weights=weights,
        step=step,
        seed=images.seed,
        labels="each class in turn" if images.num_classes > 1 else "none",
        truncation="none",
        precision="fp32",
    )


def score_run(gan: GAN, step: int, place: RunFolder, judge: Judge) -> None:
    """Score the last checkpoint of a run, and the best one where evaluations chose one; write both reports.

    Raises EvaluationError.
    """
    last, images = judge.report(gan.G_ema.module, gan, step)
    write_report(place, "last", last.to_json())
    if (picture := judge.open().draw_closest(last, images)) is not None:
        write_png(place.closest, picture)
    if not (best := best_evaluation(place)):
        return
    if best["step"] != step:
        average = deepcopy(gan.G_ema)
        average.load_state_dict(checkpoint.load(place.checkpoints, best["step"], quarantine=False).state["G_ema"])
        last, _ = judge.report(average.module, gan, best["step"])
    write_report(place, "best", last.to_json())


def best_evaluation(place: RunFolder) -> dict[str, Any]:
    """Return the record of evaluations.jsonl with the lowest selection score, the first of equals; {} if none."""
    return min(read_records(place.evaluations), key=lambda record: float(record["selection"]), default={})


def is_scored(place: RunFolder, step: int) -> bool:
    """Whether scores.json has all that `score_run` writes after this step, the last one: a kill may come in between."""
    best = best_evaluation(place)
    wanted = {("last", step)} | ({("best", int(best["step"]))} if best else set())
    found = {(report["checkpoint"], report["protocol"]["generated"]["step"]) for report in read_reports(place)}
    return wanted <= found


def mark_best(place: RunFolder, saving: int | None = None) -> None:
    """Let rotation spare the best checkpoint, if it is there or about to be saved."""
    best = best_evaluation(place)
    if best and best["step"] in (saving, *checkpoint.available_steps(place.checkpoints)):
        checkpoint.mark_best(place.checkpoints, best["step"], best["selection"])
