"""Features of samples, and the scores that metrics make of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from torch import Tensor

from ganzoo.data.comparison import Comparison
from ganzoo.data.neighbours import Neighbours

MODE_RADIUS = 3.0
"""Deviations from a mode within which a sample is of high quality: 98.9 % of a Gaussian of the plane lie there."""


class Features(NamedTuple):
    """Output of an extractor for N samples."""

    rows: Tensor
    """Features, float32 (N, D)."""
    logits: Tensor | None = None
    """Logits of the extractor's own classes, float32 (N, K), for the Inception score; None without classes."""
    deviations: Tensor | None = None
    """Distance to the nearest mode in its standard deviations, float32 (N,); None if the modes are unknown."""


@dataclass(frozen=True, eq=False)
class FeatureSet:
    """The features of a set of images, as metrics read them."""

    count: int
    """Number of images."""
    mean: Tensor
    """Mean over all images, float64 (D,)."""
    covariance: Tensor
    """Covariance over all images, divided by count - 1, float64 (D, D)."""
    rows: Tensor
    """Features of R images, float32 (R, D): of all, or of an even pick out of very many, in their order."""
    logits: Tensor | None = None
    """Logits of the same images, float32 (R, K)."""
    root: Tensor | None = None
    """Symmetric square root of the covariance, float64 (D, D); None until it is computed."""
    deviations: Tensor | None = None
    """Distance of the same samples to the nearest mode in its standard deviations, float32 (R,)."""
    labels: Tensor | None = None
    """Class that each of them was made for or belongs to, int64 (R,) in [0, K'); None where classes are unknown."""
    class_names: tuple[str, ...] = ()
    """Names of these K' classes."""
    neighbours: Neighbours | None = None
    """Distances of each row to its nearest others; None until they are computed."""
    beside: Comparison | None = None
    """Distances of these rows, of generated samples, to those of the reference; None where they are not shared."""


class Score(NamedTuple):
    """One number of a metric."""

    value: float
    better: Literal["lower", "higher"]
    low: float | None = None
    """Lower end of the 95 % interval; None where there is no interval."""
    high: float | None = None
    std: float | None = None
    """Standard deviation over the metric's own splits or subsets, where the literature reports it."""
    classes: Mapping[str, Score] | None = None
    """Scores of single classes by name, of which `value` is the mean; None where classes are not scored one by one."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; `classes` only where there are some."""
        values = self._asdict()
        if self.classes is None:
            del values["classes"]
            return values
        return values | {"classes": {name: score.to_json() for name, score in self.classes.items()}}
