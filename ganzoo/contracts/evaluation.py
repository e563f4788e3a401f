"""Features of images, and scores that compare them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from ganzoo.data.comparison import Neighbourhoods
from ganzoo.data.features import Features, FeatureSet, Score


@dataclass(frozen=True, eq=False)
class Extractor:
    """A frozen network on a device, ready to read images."""

    label: str
    """Name in a score: "digits-cnn"; with weights of the user's own, "inception@1a2b3c4d"."""
    fingerprint: Mapping[str, str]
    """Everything that its numbers depend on, at least "weights" (sha256), "resize" and "dtype"."""
    extract: Callable[[Tensor], Features]
    """Samples on the device -> Features, without gradient.

    Images are uint8 (N, C, H, W). Other samples are float32 (N, *shape) in [-1, 1], and only for an extractor whose
    class has `reads = "points"`. Raises EvaluationError for samples that it cannot read, such as images in colour.
    """
    inception_2015: bool = False
    """True for the network and the weights that FID is defined by (arXiv:1706.08500)."""


class FeatureExtractor(ABC):
    """A network that maps images to the features in which real and generated ones are compared."""

    reads: ClassVar[str] = "images"
    """Input: "images", or "points", which are all samples that are no images: float32 (N, *shape)."""
    ships: ClassVar[bool] = False
    """True if its weights come with its package, so that it is there without a network."""

    @abstractmethod
    def load(self, device: torch.device) -> Extractor:
        """Read the weights. Raises EvaluationError, saying what to do, if they are absent or damaged."""

    def weights_file(self) -> Path | None:
        """Return the file that the weights are read from, be it there or not; None, for none, unless overridden."""
        return None


class Sampler(ABC):
    """A generator that a metric explores: any latents and labels, as the images of the run's scores are made."""

    z_dim: int
    """Length Z of a latent."""
    num_classes: int
    """Number K of the classes that the generator knows; 1 if it knows none."""

    @abstractmethod
    def draw(self, count: int) -> tuple[Tensor, Tensor]:
        """Draw latents z ~ N(0, I), (count, Z), and labels y, (count,), as frequent as those of the scored images."""

    @abstractmethod
    def samples(self, z: Tensor, y: Tensor) -> Tensor:
        """Make samples (N, *shape), float32 in [-1, 1] on the CPU, in eval mode and without gradient."""

    @abstractmethod
    def __call__(self, z: Tensor, y: Tensor) -> Features:
        """Return the features of the samples, as the metric's extractor reads them: images are rounded to uint8.

        They are on the CPU. Raises EvaluationError if the generator produces nan or inf.
        """


class Metric(ABC):
    """A comparison of real and generated images by their features, or a measure of the generator itself."""

    needs_images: ClassVar[bool] = True
    """False if `compute` reads mean and covariance of the reference alone, and no rows, so that a file of them does."""

    features: ClassVar[str] = ""
    """Name of the extractor whose features it reads; empty for that of the run."""

    @property
    def neighbourhoods(self) -> Neighbourhoods | None:
        """Balls that `compute` reads, which one pass over all distances finds for every metric; None for none."""
        return None

    def prepare(self, real: FeatureSet) -> FeatureSet:
        """Return the real features with what this metric computes once; `compute` gives the same scores without it."""
        return real

    def require(self, *, real: FeatureSet, fake: FeatureSet) -> None:  # noqa: B027
        """Raise EvaluationError if the sets lack what `compute` needs: images, classes, labels.

        It is asked before a run is trained too. Then `fake`, and `real` unless it is at hand, are of the sizes to come,
        with the labels to come, and one row of features that repeats.
        """

    @abstractmethod
    def compute(self, *, real: FeatureSet, fake: FeatureSet) -> Mapping[str, Score]:
        """Return scores by name. Raises EvaluationError for too few images, or features without what it needs."""

    def compute_generator(self, sampler: Sampler) -> Mapping[str, Score]:
        """Return scores of the generator itself by name; none unless overridden.

        Random numbers of torch follow from the seed of the evaluation. It is not called for images without a generator.
        """
        return {}

    def warn(self, *, real: FeatureSet, fake: FeatureSet) -> Sequence[str]:
        """Return reasons to trust the scores of `compute` less, one line each."""
        return ()
