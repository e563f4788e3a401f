"""Metrics: features of real and of generated images to numbers."""

from __future__ import annotations

from collections.abc import Mapping

from ganzoo.builtin.metrics.frechet import FrechetDistance
from ganzoo.builtin.metrics.frechet_infinity import FrechetDistanceInfinity
from ganzoo.builtin.metrics.inception_score import InceptionScore
from ganzoo.builtin.metrics.kernel import KernelDistance
from ganzoo.builtin.metrics.modes import Modes
from ganzoo.builtin.metrics.per_class import IntraFrechetDistance, PrecisionRecallPerClass
from ganzoo.builtin.metrics.precision_recall import DensityCoverage, PrecisionRecall
from ganzoo.builtin.metrics.wasserstein import Wasserstein1
from ganzoo.contracts import Metric
from ganzoo.hookspecs import hookimpl


@hookimpl
def register_metrics() -> Mapping[str, type[Metric]]:
    """Return the metrics that ship with ganzoo."""
    return {
        "dc": DensityCoverage,
        "fid": FrechetDistance,
        "fid-infinity": FrechetDistanceInfinity,
        "intra-fid": IntraFrechetDistance,
        "is": InceptionScore,
        "kid": KernelDistance,
        "modes": Modes,
        "prc": PrecisionRecall,
        "prc-per-class": PrecisionRecallPerClass,
        "w1": Wasserstein1,
    }
