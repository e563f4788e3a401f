"""Samples as their own features; and for mixtures of points, which mode each point belongs to."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from ganzoo.builtin.datasets.toy import ModeWidth, grid_centres, ring_centres
from ganzoo.contracts import Extractor, FeatureExtractor, Features
from ganzoo.errors import EvaluationError

MOST = 4096
"""Numbers of a sample at most: their covariance then fills 128 MiB, and its root takes a minute."""


@dataclass(frozen=True)
class Points(FeatureExtractor):
    """The samples themselves, flattened: points, such as those of swissroll, and other small samples of floats.

    At most 4,096 numbers in a sample, since FD has their covariance. Nobody's invention.
    """

    reads: ClassVar[str] = "points"
    ships: ClassVar[bool] = True

    def load(self, device: torch.device) -> Extractor:
        return Extractor("points", describe("none"), lambda samples: Features(flatten(samples)))


@dataclass(frozen=True)
class Mixture(FeatureExtractor):
    """The points, the likelihood of each mode, and the distance of the nearest one.

    The logit of mode k is the logarithm of its density relative to its peak, -d^2 / (2 std^2).
    """

    std: ModeWidth = 0.02

    reads: ClassVar[str] = "points"
    label: ClassVar[str]

    @abstractmethod
    def centres(self) -> Tensor:
        """Return the centre of each mode, float32 (K, 2)."""

    def load(self, device: torch.device) -> Extractor:
        centres = self.centres()
        sha256 = hashlib.sha256(centres.numpy().tobytes()).hexdigest()
        there = centres.to(device)

        def extract(samples: Tensor) -> Features:
            rows = flatten(samples, dimensions=2)
            distances = (rows.unsqueeze(1) - there).norm(dim=2) / self.std  # (N, K): those of cdist lose digits
            return Features(rows, -distances.square() / 2, distances.amin(dim=1))

        return Extractor(self.label, describe(sha256) | {"std": str(self.std)}, extract)


@dataclass(frozen=True)
class Gaussians8Modes(Mixture):
    """The points of gaussians8, their mode and their distance to it; for that dataset alone.

    As VEEGAN (Srivastava et al. 2017, arXiv:1705.07761) and PacGAN (Lin et al. 2018, arXiv:1712.04086) judge
    samples of a ring: the nearest centre is the mode of a sample, which is of high quality within 3 deviations.

    `std`: of a mode along each axis, that of the dataset: `--set dataset.std=0.05 --set features.std=0.05`.
    """

    label: ClassVar[str] = "gaussians8"

    def centres(self) -> Tensor:
        return ring_centres()


@dataclass(frozen=True)
class Gaussians25Modes(Mixture):
    """The points of gaussians25, their mode and their distance to it; for that dataset alone.

    As VEEGAN (Srivastava et al. 2017, arXiv:1705.07761) and PacGAN (Lin et al. 2018, arXiv:1712.04086) judge
    samples of a grid: the nearest centre is the mode of a sample, which is of high quality within 3 deviations.

    `std`: of a mode along each axis, that of the dataset: `--set dataset.std=0.05 --set features.std=0.05`.
    """

    label: ClassVar[str] = "gaussians25"

    def centres(self) -> Tensor:
        return grid_centres()


def flatten(samples: Tensor, dimensions: int | None = None) -> Tensor:
    """float32 (N, *shape) -> (N, D). Raises EvaluationError for images, and for D over MOST or not `dimensions`."""
    if samples.dtype != torch.float32 or samples.ndim < 2:
        what = f"these features are of float32 samples (N, *shape), not of {samples.dtype} {samples.ndim}-D"
        raise EvaluationError(what, hint="--features inception, or --features digits-cnn, or --features photos-cnn")
    rows = samples.flatten(1)
    if rows.shape[1] > MOST:
        what = f"a sample of shape {tuple(samples.shape[1:])} has {rows.shape[1]:,} numbers, and these features take"
        hint = "an extractor of your own (ganzoo new plugin NAME --kind features)"
        raise EvaluationError(f"{what} {MOST:,} at most: FD has their covariance", hint=hint)
    if dimensions not in (None, rows.shape[1]):
        what = f"these features are of points of {dimensions} coordinates, and samples have {rows.shape[1]}"
        raise EvaluationError(what, hint="--features points")
    return rows


def describe(weights: str) -> dict[str, str]:
    """Return the fingerprint of these features."""
    return {"weights": weights, "resize": "none", "dtype": "float32"}
