"""The scores of a run: one quick score per evaluation while it trains, every metric when it is complete."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

from torch import nn

from ganzoo.contracts import Dataset, Samples, Score
from ganzoo.evaluation.evaluator import Evaluator, Report, open_evaluator
from ganzoo.evaluation.protocol import Generated, name_score
from ganzoo.evaluation.statistics import open_statistics_evaluator
from ganzoo.settings.sections import EvalConfig, RunConfig
from ganzoo.training.device import choose_device
from ganzoo.training.gan import GAN
from ganzoo.training.labels import label_words, refuse_balanced
from ganzoo.training.randomness import forked
from ganzoo.training.sampling import GeneratedImages
from ganzoo.training.truncation import truncate, truncation_words
from ganzoo.zoo.catalogue import Zoo

SELECTION = 1
"""Stream of latents for choosing the best checkpoint; reports use stream 0."""


class RunEvaluator:
    """Scores the generators of one run.

    Raises what `open_evaluator` raises when the first score is asked for; `foresee_scores` finds that out before.
    """

    def __init__(self, run: RunConfig, zoo: Zoo, samples: Samples) -> None:
        self.run, self.zoo, self.samples = run, zoo, samples

    @property
    def dataset(self) -> Dataset:
        """The dataset of the run."""
        dataset: Dataset = self.zoo.create("dataset", self.run.dataset)
        return dataset

    def open(self) -> Evaluator:
        """Return extractor, reference and metrics of the run; loaded once."""
        return self._evaluator

    @cached_property
    def _evaluator(self) -> Evaluator:
        run = self.run
        device = choose_device(run.train.device, "fp32").torch_device
        with forked(device):  # an extractor may draw random numbers, and the run must not notice
            if run.eval.reference:
                return open_statistics_evaluator(self.samples.spec, run, self.zoo, device)
            return open_evaluator(self.samples, run, self.zoo, device)

    def quick_score(self, gan: GAN) -> tuple[str, Score, Score]:
        """Return the name and the FD of half the samples, and the FD of the other half, which chooses the best."""
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
        return self.open().score(images, describe_images(images, "ema", step), images.labels), images

    def _images(self, network: nn.Module, gan: GAN, count: int, stream: int) -> GeneratedImages:
        settings = replace(self.run.eval, samples=count)
        return generated_images(network, gan, settings, self.samples.class_counts, stream)


def generated_images(
    network: nn.Module, gan: GAN, settings: EvalConfig, class_counts: tuple[int, ...], stream: int = 0
) -> GeneratedImages:
    """Return the samples of a generator that are scored; `class_counts` are those of its training data, K numbers."""
    refuse_balanced(settings.labels, gan.label_vectors)
    counts = class_counts if gan.conditioner.embedding_dim else (sum(class_counts),)
    frequencies = counts if settings.labels == "training" else ()
    network, words = truncate(gan.model, network, settings.truncation), truncation_words(gan.model, settings.truncation)
    return GeneratedImages(
        network, gan.z_dim, len(counts), settings.samples, settings.seed, stream, frequencies, words,
        images=gan.data.images, vectors=gan.label_vectors,
    )  # fmt: skip


def describe_images(images: GeneratedImages, weights: str, step: int) -> Generated:
    """Return the entry of the protocol for these images."""
    return Generated(
        count=images.count,
        source="generator",
        weights=weights,
        step=step,
        seed=images.seed,
        labels=label_words(images.num_classes, images.class_counts, images.vectors),
        truncation=images.truncation,
        precision="fp32",
    )
