"""A plugin whose networks read how much of the run is done."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

import ganzoo


class Fade(nn.Module):
    """Noise on x that fades until the end of the run: x + (1 - progress) noise."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("progress", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        return x + (1 - self.progress) * torch.randn_like(x)


class Generator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fade, self.body = Fade(), nn.Linear(3, 2)

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        return torch.tanh(self.body(self.fade(z)))


class Discriminator(nn.Module):
    feature_dim = 4

    def __init__(self) -> None:
        super().__init__()
        self.body, self.fade = nn.Linear(2, 4), Fade()

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.body(self.fade(x)))


@dataclass(frozen=True)
class Fading(ganzoo.Model):
    """Noise in both networks that fades; nobody's invention."""

    z_dim: int = 3

    def generator(self, data: ganzoo.DataSpec, embedding_dim: int) -> nn.Module:
        return Generator()

    def discriminator(self, data: ganzoo.DataSpec, *, per_sample: bool) -> nn.Module:
        return Discriminator()


@dataclass(frozen=True)
class Noise(ganzoo.Augmentation):
    """Noise on what D sees, which fades; nobody's invention."""

    def transform(self, data: ganzoo.DataSpec) -> nn.Module:
        return Fade()


@ganzoo.hookimpl
def register_models():
    return {"fading": Fading}


@ganzoo.hookimpl
def register_augmentations():
    return {"noise": Noise}
