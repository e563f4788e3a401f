"""Feature extractors for ganzoo: networks of torchvision, with weights from a file."""

from collections.abc import Mapping

import ganzoo
from ganzoo_features.backbones import ResNet50, SwAV, SwinT

GANZOO_API = 1


@ganzoo.hookimpl
def register_features() -> Mapping[str, type[ganzoo.FeatureExtractor]]:
    """Return the extractors of this package."""
    return {"resnet50": ResNet50, "swav": SwAV, "swin-t": SwinT}
