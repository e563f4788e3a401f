"""ResNet-50, Swin-T and SwAV's ResNet-50: plans of torchvision, weights of a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, ClassVar

import torch
from annotated_types import Ge, Le
from torch import Tensor, nn
from torch.nn.functional import interpolate

import ganzoo
from ganzoo_features.weights import read_weights

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Moments of the pixels of ImageNet in [0, 1], by which all three networks were trained."""


@dataclass(frozen=True)
class Backbone(ganzoo.FeatureExtractor):
    """A network of torchvision whose weights are a file."""

    weights: str = ""
    size: Annotated[int, Ge(32), Le(1024)] = 224

    name: ClassVar[str]
    plan: ClassVar[str]
    """Name of the network in torchvision.models."""
    last: ClassVar[str]
    """Name of its last layer, which maps features to logits."""
    published: ClassVar[str]
    """Name of the file in torch's cache, as torchvision downloads it, or as its authors call it."""
    classifies: ClassVar[bool] = True

    def weights_file(self) -> Path:
        return Path(self.weights) if self.weights else Path(torch.hub.get_dir(), "checkpoints", self.published)

    def adapt(self, state: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """Return a state dict with the names of torchvision."""
        return state

    def load(self, device: torch.device) -> ganzoo.Extractor:
        """Load the network. Raises EvaluationError if the file is absent, damaged, or of another network."""
        found = read_weights(self.weights_file(), self.name)
        network, head = self.build(self.adapt(found.state))
        network, head = network.to(device), head.to(device)

        @torch.no_grad()
        def extract(images: Tensor) -> ganzoo.Features:
            with torch.autocast(device.type, enabled=False):
                rows = network(self.read(images))
                return ganzoo.Features(rows, head(rows) if self.classifies else None)

        fingerprint = {
            "network": f"torchvision {self.plan}",
            "weights": found.sha256,
            "resize": f"bilinear, antialiased, to {self.size}",
            "dtype": "float32",
            "torchvision": version("torchvision"),
        }
        return ganzoo.Extractor(f"{self.name}@{found.sha256[:8]}", fingerprint, extract)

    def build(self, state: Mapping[str, Tensor]) -> tuple[nn.Module, nn.Module]:
        """Return the network without its last layer, and that layer, with weights."""
        from torchvision import models  # late: it takes seconds

        with torch.random.fork_rng(devices=[]):  # building draws weights that are thrown away
            network: Any = getattr(models, self.plan)(weights=None)
        head = getattr(network, self.last)
        if not self.classifies:
            setattr(network, self.last, nn.Identity())
        try:
            network.load_state_dict(state)
        except RuntimeError as error:
            what = f"{self.weights_file().name} has no weights of {self.name}: {' '.join(str(error).split())[:150]}"
            raise ganzoo.EvaluationError(
                what, where=str(self.weights_file()), hint="--set features.weights=FILE"
            ) from error
        setattr(network, self.last, nn.Identity())
        return network.eval().requires_grad_(False), head.eval().requires_grad_(False)

    def read(self, images: Tensor) -> Tensor:
        """uint8 (N, C, H, W) -> float32 (N, 3, size, size) as ImageNet was read. Raises EvaluationError."""
        if images.shape[1] not in (1, 3):
            what = f"{self.name} reads grey and colour images; these have {images.shape[1]} channels"
            raise ganzoo.EvaluationError(what, hint="images in RGB")
        x = images.expand(-1, 3, -1, -1).float() / 255
        if x.shape[2:] != (self.size, self.size):
            x = interpolate(x, (self.size, self.size), mode="bilinear", antialias=True, align_corners=False)
        mean, deviation = (x.new_tensor(numbers).reshape(1, 3, 1, 1) for numbers in (MEAN, DEVIATION))
        return (x - mean) / deviation


@dataclass(frozen=True)
class ResNet50(Backbone):
    """2048 features of ResNet-50, and 1000 logits of ImageNet. He et al. 2016, arXiv:1512.03385.

    Features are the means before the last layer. `weights`: a state dict as torchvision publishes it; without one, the
    file resnet50-11ad3fa6.pth in torch's cache, those of 2021. Nothing is downloaded. `size`: images are resized to it.
    Scores are named resnet50@HASH, by the file.
    """

    name: ClassVar[str] = "resnet50"
    plan: ClassVar[str] = "resnet50"
    last: ClassVar[str] = "fc"
    published: ClassVar[str] = "resnet50-11ad3fa6.pth"


@dataclass(frozen=True)
class SwinT(Backbone):
    """768 features of Swin-T, and 1000 logits of ImageNet. Liu et al. 2021, arXiv:2103.14030.

    Features are the means before the last layer. `weights`: a state dict as torchvision publishes it; without one, the
    file swin_t-704ceda3.pth in torch's cache. Nothing is downloaded. `size`: images are resized to it. Scores are named
    swin-t@HASH, by the file.
    """

    name: ClassVar[str] = "swin-t"
    plan: ClassVar[str] = "swin_t"
    last: ClassVar[str] = "head"
    published: ClassVar[str] = "swin_t-704ceda3.pth"


@dataclass(frozen=True)
class SwAV(Backbone):
    """2048 features of a ResNet-50 that learnt without labels. Caron et al. 2020, arXiv:2006.09882.

    Morozov et al. 2021 (ICLR) compare GANs by them, since ImageNet's classes decide nothing. `weights`: a checkpoint of
    the authors, whose projection and prototypes are left out; without one, the file swav_800ep_pretrain.pth.tar in
    torch's cache. Nothing is downloaded. `size`: images are resized to it. Scores are named swav@HASH, by the file.
    """

    name: ClassVar[str] = "swav"
    plan: ClassVar[str] = "resnet50"
    last: ClassVar[str] = "fc"
    published: ClassVar[str] = "swav_800ep_pretrain.pth.tar"
    classifies: ClassVar[bool] = False

    def adapt(self, state: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        bare = {name.removeprefix("module."): value for name, value in state.items()}
        return {
            name: value for name, value in bare.items() if name.split(".")[0] not in ("projection_head", "prototypes")
        }
