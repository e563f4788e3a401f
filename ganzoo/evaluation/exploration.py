"""A generator that a metric explores by latents of its own choice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ganzoo.contracts import Extractor, Features, Metric, Sampler, Score
from ganzoo.errors import EvaluationError
from ganzoo.evaluation.extraction import extract_batch, join_features, map_features
from ganzoo.training.randomness import reseeded
from ganzoo.training.sampling import BATCH, GeneratedImages, Images, as_stored, batch_length, generate


@dataclass(frozen=True, eq=False)
class GeneratorSampler(Sampler):
    """The generator behind some images, and the extractor of a metric."""

    images: GeneratedImages
    extractor: Extractor
    z_dim: int
    num_classes: int

    @property
    def device(self) -> torch.device:
        """Device of the generator, on which samples are made."""
        return next(self.images.network.parameters()).device

    def draw(self, count: int) -> tuple[Tensor, Tensor]:
        """Draw latents, and labels out of those of the scored images."""
        z, labels = torch.randn(count, self.z_dim), self.images.labels
        labels = self.images.vectors if labels is None else labels
        if labels is None:
            return z, torch.zeros(count, dtype=torch.long)
        return z, labels[torch.randint(len(labels), (count,))]

    def samples(self, z: Tensor, y: Tensor) -> Tensor:
        """Make samples, float32 on the CPU. Raises EvaluationError if one is nan or inf."""
        x = generate(self.images.network, z, y, batch=batch_length(self.images.network, self.z_dim, lambda _: y[:1]))
        if not bool(x.isfinite().all()):
            raise EvaluationError("the generator produces nan or inf", hint="--step N (an earlier checkpoint)")
        return x

    @torch.no_grad()
    def __call__(self, z: Tensor, y: Tensor) -> Features:
        """Return the features of the samples, on the CPU."""
        parts = torch.split(as_stored(self.samples(z, y), images=self.images.images), BATCH)
        found = join_features([extract_batch(part.to(self.device), self.extractor) for part in parts])
        return map_features(found, lambda tensor: tensor.cpu())


def explore(metric: Metric, images: Images, extractor: Extractor) -> Mapping[str, Score]:
    """Return the scores of the generator behind some images; random numbers follow from the seed of the evaluation.

    Raises EvaluationError for images without a generator.
    """
    if not isinstance(images, GeneratedImages):
        what = "it measures the generator itself, and these are images without one"
        raise EvaluationError(what, hint="ganzoo evaluate RUN (a run folder)")
    sampler = GeneratorSampler(images, extractor, images.z_dim, images.num_classes)
    with reseeded(images.seed, sampler.device):
        return metric.compute_generator(sampler)
