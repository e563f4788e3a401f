"""Feature extractors: two small ones that ship with ganzoo, and those of torch-fidelity."""

from __future__ import annotations

from collections.abc import Mapping

from ganzoo.builtin.features.bundled import DigitsCNN, PhotosCNN
from ganzoo.builtin.features.fidelity import CLIP, VGG16, DINOv2, Inception
from ganzoo.contracts import FeatureExtractor
from ganzoo.hookspecs import hookimpl


@hookimpl
def register_features() -> Mapping[str, type[FeatureExtractor]]:
    """Return the extractors that ship with ganzoo."""
    return {
        "clip": CLIP,
        "digits-cnn": DigitsCNN,
        "dinov2": DINOv2,
        "inception": Inception,
        "photos-cnn": PhotosCNN,
        "vgg16": VGG16,
    }
