"""The Frechet distance of features that keep their place in the image."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import ganzoo

CHANNELS = 7
"""Channels that are kept of 192: 7 * 17 * 17 = 2,023 numbers, about as many as FID reads."""


@cache
def built_in(kind: str, name: str) -> Any:
    """Return the class of a component that ships with ganzoo."""
    return ganzoo.load_zoo(disabled=["all"]).entry(kind, name).component  # type: ignore[arg-type]


@dataclass(frozen=True)
class InceptionSpatial(ganzoo.FeatureExtractor):
    """2023 features of Inception-v3 that keep their place, weights of 2015. Nash et al. 2021, arXiv:2103.03841.

    The first 7 channels, 17 x 17, of the 1 x 1 convolution of the sixth mixed layer, after ReLU: "mixed_6/conv" of the
    TensorFlow graph, by which sFID is published. Weights are those of ganzoo's `inception`, found in the same places.

    `weights`: file of a state dict, instead of GANZOO_INCEPTION_WEIGHTS, torch's cache, or a download.
    """

    weights: str = ""

    def load(self, device: torch.device) -> ganzoo.Extractor:
        """Load the network. Raises EvaluationError if weights are absent or damaged."""
        inception = built_in("features", "inception")(weights=self.weights)
        found = inception.build()
        network = found.module.to(device)
        network.features_list = ["768"]  # the layers above are not needed
        fingerprint = {
            **inception.fingerprint(network, found.sha256),
            "layer": f"Mixed_6d.branch1x1, {CHANNELS} channels",
        }

        @torch.no_grad()
        def extract(images: Tensor) -> ganzoo.Features:
            if images.shape[1] not in (1, 3):
                what = f"inception-spatial reads grey and colour images; these have {images.shape[1]} channels"
                raise ganzoo.EvaluationError(what, hint="--metrics fid")
            return ganzoo.Features(read_layer(network, images.expand(-1, 3, -1, -1)))

        return ganzoo.Extractor(found.label.replace("inception", "inception-spatial"), fingerprint, extract)

    def weights_file(self) -> Path | None:
        file: Path | None = built_in("features", "inception")(weights=self.weights).weights_file()
        return file


def read_layer(network: Any, images: Tensor) -> Tensor:
    """uint8 (N, 3, H, W) -> the kept channels of the layer, float32 (N, 7 * 17 * 17)."""
    seen: list[Tensor] = []
    hook = network.Mixed_6d.branch1x1.register_forward_hook(lambda _, __, output: seen.append(output))
    with hook, torch.autocast(images.device.type, enabled=False):
        network(images)
    return seen[0][:, :CHANNELS].flatten(1).float()


@dataclass(frozen=True)
class SpatialFrechetDistance(ganzoo.Metric):
    """Frechet distance of features with places: sFID. Nash et al. 2021, arXiv:2103.03841.

    |mu_r - mu_f|^2 + tr(Sigma_r + Sigma_f - 2 (Sigma_r Sigma_f)^(1/2)), of the features `inception-spatial`

    FID reads means over the image; this sees where things are. It is ganzoo's `fid` in other features, interval and
    bias included: 2,023 features take far more than 2,023 images. Without Inception's weights it is refused.
    """

    needs_images = False
    features = "inception-spatial"

    def prepare(self, real: ganzoo.FeatureSet) -> ganzoo.FeatureSet:
        prepared: ganzoo.FeatureSet = built_in("metric", "fid")().prepare(real)
        return prepared

    def require(self, *, real: ganzoo.FeatureSet, fake: ganzoo.FeatureSet) -> None:
        built_in("metric", "fid")().require(real=real, fake=fake)

    def compute(self, *, real: ganzoo.FeatureSet, fake: ganzoo.FeatureSet) -> Mapping[str, ganzoo.Score]:
        return {"sFD": built_in("metric", "fid")().compute(real=real, fake=fake)["FD"]}
