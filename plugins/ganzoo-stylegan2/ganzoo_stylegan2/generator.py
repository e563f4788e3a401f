"""Latents to styles to images. Karras et al. 2019, arXiv:1812.04948, Fig. 1b; 2020, arXiv:1912.04958, Fig. 2c, 7b."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from ganzoo_stylegan2.equalized import Activation, Linear
from ganzoo_stylegan2.modulation import ModulatedConv, StyledConv
from ganzoo_stylegan2.path_length import PathLength
from ganzoo_stylegan2.resampling import Upsample

SMALLEST = 4
"""Side in pixels of the learned constant from which every image starts."""
_LR_MULTIPLIER = 0.01
"""Learning-rate multiplier of the mapping network, unstable at the full rate; arXiv:1812.04948, Appendix C."""


class Mapping(nn.Module):
    """Latent and label embedding to the intermediate latent: (z (N, Z), c (N, E)) -> w (N, W)."""

    def __init__(self, in_dim: int, w_dim: int, depth: int) -> None:
        super().__init__()
        widths = [in_dim, *[w_dim] * depth]
        layers = ((Linear(a, b, lr_multiplier=_LR_MULTIPLIER), Activation()) for a, b in pairwise(widths))
        self.layers = nn.Sequential(*(layer for pair in layers for layer in pair))

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        """z (N, Z), c (N, E) -> (N, W)."""
        w: Tensor = self.layers(torch.cat([_normalised(z), _normalised(c)], dim=1))
        return w


def _normalised(x: Tensor) -> Tensor:
    """Scale each row of x (N, A) to mean square 1; A may be 0."""
    return normalize(x, dim=1) * math.sqrt(x.shape[1])


class ToImage(nn.Module):
    """Feature maps to the image's channels: (N, A, H, W) -> (N, C, H, W)."""

    def __init__(self, a: int, channels: int, w_dim: int) -> None:
        super().__init__()
        self.conv = ModulatedConv(a, channels, 1, w_dim, demodulate=False)
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """x (N, A, H, W), w (N, W) -> (N, C, H, W)."""
        x = self.conv(x, w)
        return x + self.bias


class Block(nn.Module):
    """Block of G that doubles the size and adds its image to that of the blocks before. arXiv:1912.04958, Fig. 7b."""

    def __init__(self, a: int, b: int, size: int, channels: int, w_dim: int, *, noisy: bool) -> None:
        super().__init__()
        self.conv0 = StyledConv(a, b, size, w_dim, up=True, noisy=noisy)
        self.conv1 = StyledConv(b, b, size, w_dim, up=False, noisy=noisy)
        self.to_image, self.upsample = ToImage(b, channels, w_dim), Upsample()

    def forward(self, x: Tensor, image: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
        """x (N, A, H, W), image (N, C, H, W), w (N, 3, W) -> x (N, B, 2H, 2W), image (N, C, 2H, 2W)."""
        x = self.conv1(self.conv0(x, w[:, 0]), w[:, 1])
        return x, self.upsample(image) + self.to_image(x, w[:, 2])


class Synthesis(nn.Module):
    """One w per layer to images: (N, L, W) -> (N, C, H, W) in [-1, 1]. An image shares the w of the layer after it."""

    def __init__(self, widths: list[int], channels: int, w_dim: int, *, noisy: bool) -> None:
        super().__init__()
        self.constant = nn.Parameter(torch.randn(1, widths[0], SMALLEST, SMALLEST))
        self.conv = StyledConv(widths[0], widths[0], SMALLEST, w_dim, up=False, noisy=noisy)
        self.to_image = ToImage(widths[0], channels, w_dim)
        self.blocks = nn.ModuleList(
            Block(a, b, SMALLEST << i, channels, w_dim, noisy=noisy) for i, (a, b) in enumerate(pairwise(widths), 1)
        )
        self.layers = 2 * len(widths)
        """Return the number L of layers that take a w."""

    def forward(self, w: Tensor) -> Tensor:
        """w (N, L, W) -> (N, C, H, W)."""
        x = self.conv(self.constant.expand(w.shape[0], -1, -1, -1), w[:, 0])
        image = self.to_image(x, w[:, 1])
        for i, block in enumerate(self.blocks):
            x, image = block(x, image, w[:, 2 * i + 1 : 2 * i + 4])
        return torch.tanh(image)


class Generator(nn.Module):
    """(z (N, Z), c (N, E)) -> images (N, C, H, W) in [-1, 1].

    In training a share `mixing` of the samples changes to the w of another latent at a random layer: style mixing,
    arXiv:1812.04948, Sec. 3.1.
    """

    def __init__(self, mapping: Mapping, synthesis: Synthesis, mixing: float) -> None:
        super().__init__()
        self.mapping, self.synthesis, self.mixing = mapping, synthesis, mixing
        self.path_length = PathLength()

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        """z (N, Z), c (N, E) -> (N, C, H, W)."""
        images: Tensor = self.synthesis(self.styles(z, c))
        return images

    def styles(self, z: Tensor, c: Tensor) -> Tensor:
        """z (N, Z), c (N, E) -> one w per layer (N, L, W)."""
        w: Tensor = self.mapping(z, c)[:, None].expand(-1, self.synthesis.layers, -1)
        if not (self.training and self.mixing):
            return w
        other: Tensor = self.mapping(torch.randn_like(z), c)
        return torch.where(self._mixed(z), other[:, None], w)

    def _mixed(self, z: Tensor) -> Tensor:
        """Choose the layers that take the other latent: bool (N, L, 1), from a random layer in 1..L-1 on."""
        layers = torch.arange(self.synthesis.layers, device=z.device)  # (L,)
        first = torch.randint(1, len(layers), (len(z), 1), device=z.device)
        chosen = torch.rand(len(z), 1, device=z.device) < self.mixing
        return (chosen & (layers >= first))[:, :, None]
