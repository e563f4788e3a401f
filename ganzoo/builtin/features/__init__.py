"""Feature extractors: small ones that ship with ganzoo, those of toy data, and those of torch-fidelity."""

from __future__ import annotations

from collections.abc import Mapping

from ganzoo.builtin.features.bundled import DigitsCNN, PhotosCNN
from ganzoo.builtin.features.fidelity import CLIP, VGG16, DINOv2, Inception
from ganzoo.builtin.features.points import Gaussians8Modes, Gaussians25Modes, Points
from ganzoo.builtin.features.stacked import StackedDigitsCNN
from ganzoo.contracts import FeatureExtractor
from ganzoo.hookspecs import hookimpl


@hookimpl
def register_features() -> Mapping[str, type[FeatureExtractor]]:
    """Return the extractors that ship with ganzoo."""
    return {
        "clip": CLIP,
        "digits-cnn": DigitsCNN,
        "dinov2": DINOv2,
        "gaussians8": Gaussians8Modes,
        "gaussians25": Gaussians25Modes,
        "inception": Inception,
        "photos-cnn": PhotosCNN,
        "points": Points,
        "stacked-digits": StackedDigitsCNN,
        "vgg16": VGG16,
    }
