"""The two extractors that ship with ganzoo: they work offline, in seconds on a CPU.

How they were trained, and what their distances show: docs/extractors/README.md.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from typing import ClassVar

import torch
from safetensors.torch import load as read_safetensors
from torch import Tensor
from torch.nn.functional import interpolate

from ganzoo.builtin.features.convnet import ConvNet
from ganzoo.contracts import Extractor, FeatureExtractor, Features
from ganzoo.data.images import advise_channels, from_uint8, require_uint8
from ganzoo.errors import EvaluationError

SIZE = 32  # height and width in pixels of the images that the networks were trained on


@dataclass(frozen=True)
class Bundled(FeatureExtractor):
    """An extractor whose weights lie in the package, and are checked before use."""

    ships: ClassVar[bool] = True
    name: ClassVar[str]
    channels: ClassVar[int]
    widths: ClassVar[tuple[int, ...]]
    sha256: ClassVar[str]

    def load(self, device: torch.device) -> Extractor:
        """Load the network. Raises EvaluationError if the weights are not those that were published."""
        network = self.build().to(device).to(memory_format=torch.channels_last).eval().requires_grad_(False)

        @torch.no_grad()
        def extract(images: Tensor) -> Features:
            rows, logits = network(self.adapt(images))
            return Features(rows.float(), logits.float())

        resize = f"bilinear, antialiased, to {SIZE}"
        return Extractor(self.name, {"weights": self.sha256, "resize": resize, "dtype": "float32"}, extract)

    def build(self) -> ConvNet:
        """Return the network with its weights."""
        source = files("ganzoo.builtin.features") / f"{self.name}.safetensors"
        data = source.read_bytes()
        if (found := hashlib.sha256(data).hexdigest()) != self.sha256:
            what = f"the weights of {self.name} are damaged: sha256 {found[:8]}, not {self.sha256[:8]}"
            raise EvaluationError(what, where=str(source), hint="pip install --force-reinstall ganzoo-torch")
        with torch.random.fork_rng(devices=[]):  # building draws weights that are thrown away
            network = ConvNet(self.channels, self.widths)
        network.load_state_dict(read_safetensors(data))
        return network

    def adapt(self, images: Tensor) -> Tensor:
        """uint8 (N, C, H, W) -> float32 (N, channels, 32, 32) in [-1, 1]. Raises EvaluationError."""
        require_uint8(images)
        if images.shape[1] not in (1, self.channels):
            reads = "grey images" if self.channels == 1 else "grey and colour images"
            what = f"{self.name} reads {reads}; these have {images.shape[1]} channels"
            hint = "--features photos-cnn (for three), or --features inception"
            raise EvaluationError(what, hint=advise_channels(images.shape[1], hint))
        x = from_uint8(images.expand(-1, self.channels, -1, -1))
        if x.shape[2:] != (SIZE, SIZE):
            x = interpolate(x, (SIZE, SIZE), mode="bilinear", antialias=True, align_corners=False)
        return x.contiguous(memory_format=torch.channels_last)


@dataclass(frozen=True)
class DigitsCNN(Bundled):
    """64 features of a small classifier of handwritten digits, grey 32x32; for digits and MNIST.

    Trained on MNIST and the shipped digits by docs/extractors/train.py; the plan of its network is that of
    Jordan 2024 (arXiv:2404.00498). It ships with ganzoo, so scores need no download.
    """

    name: ClassVar[str] = "digits-cnn"
    channels: ClassVar[int] = 1
    widths: ClassVar[tuple[int, ...]] = (16, 32, 64)
    sha256: ClassVar[str] = "8e70feb3c430d2a722a2dbf47d2baa5d42d70d1940546e264b23227d0a459bed"


@dataclass(frozen=True)
class PhotosCNN(Bundled):
    """192 features of a small classifier of photographs, colour 32x32; for a quick look without Inception.

    Trained on CIFAR-10 (as JPEG files) by docs/extractors/train.py; the plan of its network is that of
    Jordan 2024 (arXiv:2404.00498). It ships with ganzoo, so scores need no download.
    """

    name: ClassVar[str] = "photos-cnn"
    channels: ClassVar[int] = 3
    widths: ClassVar[tuple[int, ...]] = (48, 128, 192)
    sha256: ClassVar[str] = "44d58eecf08439b064c626dcbf2f46f0125695d776ac9961488e9b8d61fdf606"
