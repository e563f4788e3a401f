"""Metrics for ganzoo, of labels, of images and of the generator itself."""

from collections.abc import Mapping

import ganzoo
from ganzoo_metrics.cas import ClassificationAccuracy
from ganzoo_metrics.class_accuracy import ClassAccuracy
from ganzoo_metrics.ms_ssim import StructuralSimilarity
from ganzoo_metrics.pixels import Pixels
from ganzoo_metrics.ppl import PathLength
from ganzoo_metrics.realism import Realism
from ganzoo_metrics.sfid import InceptionSpatial, SpatialFrechetDistance
from ganzoo_metrics.swd import SlicedWasserstein

GANZOO_API = 1


@ganzoo.hookimpl
def register_metrics() -> Mapping[str, type[ganzoo.Metric]]:
    """Return the metrics of this package."""
    return {
        "cas": ClassificationAccuracy,
        "class-accuracy": ClassAccuracy,
        "ms-ssim": StructuralSimilarity,
        "ppl": PathLength,
        "realism": Realism,
        "sfid": SpatialFrechetDistance,
        "swd": SlicedWasserstein,
    }


@ganzoo.hookimpl
def register_features() -> Mapping[str, type[ganzoo.FeatureExtractor]]:
    """Return the extractors that these metrics read."""
    return {"inception-spatial": InceptionSpatial, "pixels": Pixels}
