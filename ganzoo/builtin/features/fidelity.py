"""The extractors of torch-fidelity, which published scores use. Their weights do not ship with ganzoo."""

from __future__ import annotations

import hashlib
import warnings
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from http.client import HTTPException
from importlib import import_module
from importlib.metadata import version
from io import BytesIO, StringIO
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, ClassVar, Literal, NamedTuple
from zipfile import BadZipFile

import torch
from torch import Tensor, nn

from ganzoo.builtin.features.weights import ONCE, SHIPPED, Published, Weights, find, locate, not_weights, plain_tensors
from ganzoo.contracts import Extractor, FeatureExtractor, Features
from ganzoo.data.download import impatient_sockets
from ganzoo.data.images import advise_channels, require_uint8
from ganzoo.errors import EvaluationError

INCEPTION = Published(
    label="inception",
    file="weights-inception-2015-12-05-6726825d.pth",
    sha256="6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
    url="https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth",
    flag="--inception-weights FILE",
    variable="GANZOO_INCEPTION_WEIGHTS",
)
VGG16_IMAGENET = Published(
    label="vgg16",
    file="vgg16-397923af.pth",
    sha256="397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
    url="https://download.pytorch.org/models/vgg16-397923af.pth",
    flag="--set features.weights=FILE",
    variable="GANZOO_VGG16_WEIGHTS",
)
HUB_FAILURES = (
    *(OSError, RuntimeError, HTTPException, BadZipFile),  # during the download
    *(ValueError, LookupError, ImportError, EOFError, UnpicklingError),  # in the downloaded files
)


class Network(NamedTuple):
    """A network of torch-fidelity: float32, on the CPU, with its weights."""

    module: Any
    label: str
    sha256: str
    """SHA-256 of its weights."""
    official: bool = False
    """True for the weights that were published with it."""


@dataclass(frozen=True)
class Fidelity(FeatureExtractor):
    """An extractor of torch-fidelity: its class, its number format, and images in three channels."""

    dtype: Literal["float32", "float64"] = "float32"

    class_name: ClassVar[str]
    layers: ClassVar[tuple[str, ...]]
    """Names in torch-fidelity of the features, then of the logits if there are any."""
    size_name: ClassVar[str] = "INPUT_IMAGE_SIZE"
    """The attribute with the height and width that images are resized to."""

    @property
    @abstractmethod
    def network(self) -> str:
        """Name of the network in torch-fidelity."""

    @abstractmethod
    def build(self) -> Network:
        """Return the network. Raises EvaluationError if its weights are absent or damaged."""

    def load(self, device: torch.device) -> Extractor:
        """Load the network without changing random states. Raises EvaluationError if weights are absent or damaged."""
        module, label, sha256, official = self.build()
        dtype = getattr(torch, self.dtype)
        module.to(device, dtype)
        module.feature_extractor_internal_dtype = dtype  # torch-fidelity 0.4.0 takes "float64" for float32

        def extract(images: Tensor) -> Features:
            with torch.no_grad(), torch.autocast(device.type, enabled=False):
                return Features(*module(in_colour(images)))

        return Extractor(label, self.fingerprint(module, sha256), extract, official and label == "inception")

    def fingerprint(self, module: Any, sha256: str) -> dict[str, str]:
        """Return all that the features depend on."""
        return {
            "network": self.network,
            "weights": sha256,
            "resize": f"TensorFlow 1.x bilinear to {getattr(module, self.size_name)}",
            "dtype": self.dtype,
            "torch-fidelity": version("torch-fidelity"),
        }

    def construct(self, file: BytesIO | None) -> Any:
        """Return the library's module with weights from `file`; if None, the library finds them itself."""
        library = import_torch_fidelity(self.network)
        with quietly(), torch.random.fork_rng(devices=[]):  # layers draw weights before they get theirs
            return getattr(library, self.class_name)(self.network, list(self.layers), file)


@dataclass(frozen=True)
class FromFile(Fidelity):
    """An extractor whose weights are one file."""

    weights: str = ""

    @abstractmethod
    def published(self) -> Published:
        """Return the file that its authors published."""

    def build(self) -> Network:
        found = find(self.published(), self.weights)
        file = self.open(found)
        try:
            return Network(self.construct(file), found.label, found.sha256, found.official)
        except (RuntimeError, LookupError) as error:  # names or shapes that the network does not have
            reason = " ".join(str(error).split())
            raise not_weights(found, reason[:150]) from error

    def weights_file(self) -> Path:
        return locate(self.published(), self.weights).expanduser()

    def open(self, found: Weights) -> BytesIO:
        """Return the weights as a file that is safe to unpickle. Raises EvaluationError if there is no such way."""
        return plain_tensors(found)


@dataclass(frozen=True)
class Inception(FromFile):
    """2048 features of Inception-v3, weights of 2015: those of FID, IS and KID; 1008 logits.

    Szegedy et al. 2015 (arXiv:1512.00567); first used for FID by Heusel et al. 2017 (arXiv:1706.08500). The
    network is torch-fidelity's, which repeats the TensorFlow original; logits are without bias, as in IS.

    `weights`: file of a state dict, instead of the environment variable GANZOO_INCEPTION_WEIGHTS, torch's
    cache, or a download; with another hash than the published one, scores are named inception@HASH and are
    no FID. `dtype`: of the network; its features are rounded to float32 either way.
    """

    network = "inception-v3-compat"
    class_name: ClassVar[str] = "FeatureExtractorInceptionV3"
    layers: ClassVar[tuple[str, ...]] = ("2048", "logits_unbiased")

    def published(self) -> Published:
        return INCEPTION


@dataclass(frozen=True)
class VGG16(FromFile):
    """4096 features of VGG-16, its second hidden layer after ReLU, trained on ImageNet.

    Simonyan and Zisserman 2014 (arXiv:1409.1556), weights of torchvision; the features in which Kynkaanniemi
    et al. 2019 (arXiv:1904.06991) measure precision and recall.

    `weights`: file of a state dict, instead of the environment variable GANZOO_VGG16_WEIGHTS, torch's cache,
    or a download (528 MB). `dtype`: of the network; its features are rounded to float32 either way.
    """

    network = "vgg16"
    class_name: ClassVar[str] = "FeatureExtractorVGG16"
    layers: ClassVar[tuple[str, ...]] = ("fc2_relu",)

    def published(self) -> Published:
        return VGG16_IMAGENET


@dataclass(frozen=True)
class CLIP(FromFile):
    """512 features of CLIP's image encoder ViT-B/32; 512 to 1024 of the other variants.

    Radford et al. 2021 (arXiv:2103.00020).

    `variant`: of the image encoder. `weights`: the published file, instead of the environment variable
    GANZOO_CLIP_WEIGHTS, torch's cache, or a download; it is a program, so no other file is opened. `dtype`:
    of the network; its features are rounded to float32 either way.
    """

    variant: Literal[
        "clip-rn50",
        "clip-rn101",
        "clip-rn50x4",
        "clip-rn50x16",
        "clip-rn50x64",
        "clip-vit-b-32",
        "clip-vit-b-16",
        "clip-vit-l-14",
        "clip-vit-l-14-336px",
    ] = "clip-vit-b-32"

    class_name: ClassVar[str] = "FeatureExtractorCLIP"
    layers: ClassVar[tuple[str, ...]] = ("clip",)
    size_name: ClassVar[str] = "resolution"

    @property
    def network(self) -> str:
        return self.variant

    def published(self) -> Published:
        library = import_torch_fidelity(self.variant).feature_extractor_clip
        sha256, url = library.MODEL_METADATA[self.variant]["hash"], library.MODEL_URLS[self.variant]
        file = f"{self.variant}-{sha256}.pt"
        return Published(self.variant, file, sha256, url, "--set features.weights=FILE", "GANZOO_CLIP_WEIGHTS")

    def open(self, found: Weights) -> BytesIO:
        if not found.official:
            reason = f"sha256 {found.sha256[:8]} is not the published one, and a TorchScript file can run any code"
            raise not_weights(found, reason)
        return BytesIO(found.data)


@dataclass(frozen=True)
class DINOv2(Fidelity):
    """1024 features of DINOv2 ViT-L/14, learnt without labels; 384 (s), 768 (b) or 1536 (g) of the others.

    Oquab et al. 2023 (arXiv:2304.07193). Network and weights come through torch.hub only, which runs code of
    github.com/facebookresearch/dinov2.

    `variant`: of the network. `dtype`: of the network; its features are rounded to float32 either way.
    """

    variant: Literal["dinov2-vit-s-14", "dinov2-vit-b-14", "dinov2-vit-l-14", "dinov2-vit-g-14"] = "dinov2-vit-l-14"

    class_name: ClassVar[str] = "FeatureExtractorDinoV2"
    layers: ClassVar[tuple[str, ...]] = ("dinov2",)

    @property
    def network(self) -> str:
        return self.variant

    def weights_file(self) -> Path:
        return Path(torch.hub.get_dir(), "checkpoints", f"dinov2_{self.variant[7:].replace('-', '')}_pretrain.pth")

    def build(self) -> Network:
        try:
            with impatient_sockets():
                module = self.construct(None)
        except HUB_FAILURES as error:
            what = f"no weights: cannot load {self.variant} from torch.hub: {' '.join(str(error).split())[:150]}"
            raise EvaluationError(what, where=torch.hub.get_dir(), hint=f"{SHIPPED}; {ONCE}") from error
        return Network(module, self.variant, hash_state(module), official=True)


def hash_state(module: nn.Module) -> str:
    """Return the sha256 of the names and the bytes of all tensors of a network."""
    digest = hashlib.sha256()
    for name, tensor in module.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.flatten().contiguous().view(torch.uint8).numpy())
    return digest.hexdigest()


def in_colour(images: Tensor) -> Tensor:
    """uint8 (N, C, H, W) with C 1 or 3 -> uint8 (N, 3, H, W). Raises EvaluationError."""
    require_uint8(images)
    if images.shape[1] not in (1, 3):
        what = f"extractors read grey or RGB images; these have {images.shape[1]} channels"
        raise EvaluationError(what, hint=advise_channels(images.shape[1], "convert the images to RGB"))
    return images.expand(-1, 3, -1, -1)


def import_torch_fidelity(name: str) -> Any:
    """Return the library: imported late, since with torchvision it takes seconds, and fails beside an unlike torch."""
    for library in ("torchvision", "torch_fidelity"):  # the first, which the second imports, says who is at fault
        try:
            with quietly():
                module = import_module(library)
        except (ImportError, RuntimeError, OSError) as error:
            package = (getattr(error, "name", None) or library).split(".")[0]
            what = f"{name} needs {package}, which cannot be imported"
            hint = f"install the {package} that fits your torch; {SHIPPED}"
            raise EvaluationError(what, where=str(error)[:200], hint=hint) from error
    return module


@contextmanager
def quietly() -> Iterator[None]:
    """Suppress the library's messages and warnings, which the user cannot act on."""
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
