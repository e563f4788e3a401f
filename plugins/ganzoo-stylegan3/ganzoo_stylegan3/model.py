"""The model `stylegan3`: its options, its generator, and the image sizes that it supports."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

import torch
from annotated_types import Ge, Le
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, normalize

import ganzoo
from ganzoo_stylegan3.layers import FourierFeatures, Layer, Linear
from ganzoo_stylegan3.plan import Band, plan_bands

SIZES = (16, 32, 64, 128, 256, 512, 1024)


class Mapping(nn.Module):
    """Latent and label embedding to the intermediate latent: (z (N, Z), c (N, E)) -> w (N, W)."""

    def __init__(self, in_dim: int, w_dim: int, depth: int) -> None:
        super().__init__()
        widths = [in_dim, *[w_dim] * depth]
        self.layers = nn.ModuleList(Linear(a, b, lr_multiplier=0.01) for a, b in pairwise(widths))

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        """z (N, Z), c (N, E) -> (N, W)."""
        w = torch.cat([normalize(x, dim=1) * math.sqrt(x.shape[1]) for x in (z, c)], dim=1)  # mean squares of 1
        for layer in self.layers:
            w = leaky_relu(layer(w), 0.2) * math.sqrt(2)
        return w


class Generator(nn.Module):
    """(z (N, Z), c (N, E)) -> images (N, C, H, W) in [-1, 1]."""

    def __init__(self, mapping: Mapping, bands: Sequence[Band], w_dim: int) -> None:
        super().__init__()
        self.mapping = mapping
        self.start = FourierFeatures(bands[0], w_dim)
        pairs = pairwise([bands[0], *bands])
        self.layers = nn.ModuleList(Layer(a, b, w_dim, to_image=b is bands[-1]) for a, b in pairs)

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        """z (N, Z), c (N, E) -> (N, C, H, W)."""
        w = self.mapping(z, c)
        x = self.start(w)
        for layer in self.layers:
            x = layer(x, w)
        return torch.tanh(x)


@dataclass(frozen=True)
class StyleGAN3(ganzoo.Model):
    """G is equivariant to translation: no signal has frequencies beyond its band. Karras et al. 2021, arXiv:2106.12423.

    Configuration T. Square images of 16, 32, ... 1024 pixels. `layers` is the number of layers before that of the
    image, 14 in the paper at every size; a layer of cutoff f has min(channel_base / (2 f), channel_max) channels, 32768
    and 512 there. D is the built-in `resnet`'s with blocks of `width_d` channels.
    Departs: the paper has the D of StyleGAN2; images end in tanh; no truncation of w.
    """

    z_dim: ganzoo.Width = 64
    w_dim: ganzoo.Width = 64
    mapping_layers: ganzoo.Depth = 2
    layers: Annotated[int, Ge(3), Le(64)] = 14
    channel_base: ganzoo.PositiveInt = 1024
    channel_max: ganzoo.Width = 32
    width_d: ganzoo.Width = 64

    def generator(self, data: ganzoo.DataSpec, embedding_dim: int) -> nn.Module:
        """Raise ConfigError for another size."""
        bands = plan_bands(check_size(data), self.layers, self.channel_base, self.channel_max, data.shape[0])
        return Generator(Mapping(self.z_dim + embedding_dim, self.w_dim, self.mapping_layers), bands, self.w_dim)

    def discriminator(self, data: ganzoo.DataSpec, *, per_sample: bool) -> nn.Module:
        """Raise ConfigError for another size."""
        check_size(data)
        return self._resnet().discriminator(data, per_sample=per_sample)

    def initialise_head(self, discriminator: nn.Module, head: nn.Module) -> None:
        """Draw it as that of `resnet`."""
        self._resnet().initialise_head(discriminator, head)

    def _resnet(self) -> ganzoo.Model:
        model: ganzoo.Model = ganzoo.load_zoo(disabled=["all"]).entry("model", "resnet").component(width_d=self.width_d)
        return model


def check_size(data: ganzoo.DataSpec) -> int:
    """Return the size of the image. Raises ConfigError, naming the nearest size, for one that is not in SIZES."""
    shape, size = " x ".join(map(str, data.shape)), data.shape[-1]
    what = f"stylegan3 makes square images of {', '.join(map(str, SIZES))} pixels, not {shape}"
    if len(data.shape) != 3 or data.shape[1] != size:
        raise ganzoo.ConfigError(what, hint="--image-size 32; for points of the plane --model mlp")
    if size not in SIZES:
        raise ganzoo.ConfigError(what, hint=f"--image-size {min(SIZES, key=lambda known: abs(known - size))}")
    return size
