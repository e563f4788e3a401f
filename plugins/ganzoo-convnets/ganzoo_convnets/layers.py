"""Parts that both pairs share: maps from vectors, first weights, and the sizes of images."""

import math

import torch
from torch import Tensor, nn

import ganzoo


class Generator(nn.Module):
    """(z (N, Z), c (N, E)) -> images (N, C, H, W) in [-1, 1]: layers of vectors, then layers of maps."""

    def __init__(self, vectors: nn.Module, shape: tuple[int, int, int], maps: nn.Module) -> None:
        super().__init__()
        self.vectors, self.shape, self.maps = vectors, shape, maps
        initialise(self)

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        """z (N, Z), c (N, E) -> (N, C, H, W)."""
        h = self.vectors(torch.cat([z, c], dim=1)).reshape(z.shape[0], *self.shape)
        return torch.tanh(self.maps(h))


class Discriminator(nn.Module):
    """Images (N, C, H, W) -> features (N, F)."""

    def __init__(self, body: nn.Module, feature_dim: int) -> None:
        super().__init__()
        self.body, self.feature_dim = body, feature_dim
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, H, W) -> (N, F)."""
        h: Tensor = self.body(x)
        return h


def initialise(network: nn.Module) -> None:
    """Draw weights from N(0, 0.02), in a network without norms by He et al. 2015, arXiv:1502.01852; biases 0."""
    normed = any(isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d) for layer in network.modules())
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            if normed:
                nn.init.normal_(layer.weight, 0.0, 0.02)
            else:
                nn.init.kaiming_normal_(layer.weight, a=0.1)  # slope of the rectifiers of both papers below 0
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def divide_sides(data: ganzoo.DataSpec, model: str, factor: int) -> tuple[int, int]:
    """Return the sides of an image, divided. Raises ConfigError, naming the nearest size, where that leaves a rest."""
    what = f"{model} makes images with sides of a multiple of {factor} pixels, from {2 * factor} on"
    what += f", not {' x '.join(map(str, data.shape))}"
    if len(data.shape) != 3:
        raise ganzoo.ConfigError(what, hint="--model mlp (samples of any shape)")
    height, width = data.shape[1:]
    if height % factor or width % factor or min(height, width) < 2 * factor:
        nearest = factor * max(math.ceil(max(height, width) / factor), 2)
        raise ganzoo.ConfigError(what, hint=f"--image-size {nearest}")
    return height // factor, width // factor
