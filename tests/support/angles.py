"""A plugin file: points of a circle, and a conditioner that reads the cosine and sine of their angle."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

import ganzoo

cgan = ganzoo.load_zoo().entry("conditioner", "cgan").component


@dataclass(frozen=True)
class Circle(ganzoo.Dataset):
    """Points of a circle of radius 0.8, labelled by the cosine and sine of their angle; nobody's invention."""

    default_features = "points"

    def load(self) -> ganzoo.Samples:
        angles = torch.arange(500) * (2 * torch.pi / 500)
        y = torch.stack([angles.cos(), angles.sin()], dim=1)
        return ganzoo.Samples(0.8 * y, y)


class Planes(nn.Module):
    """Vectors y (N, A) -> planes (N, A, *size), each of one number."""

    def __init__(self, channels: int, size: tuple[int, ...]) -> None:
        super().__init__()
        self.channels, self.size = channels, size

    def forward(self, y: Tensor) -> Tensor:
        return y.reshape(len(y), -1, *[1] * len(self.size)).expand(-1, -1, *self.size)


@dataclass(frozen=True)
class Vectors(cgan):
    """Join vectors to z and to the samples, as cgan joins classes. arXiv:1411.1784, Eq. 2."""

    takes = "vectors"

    def generator_embedding(self, num_classes: int) -> nn.Module:
        return nn.Linear(num_classes, self.embedding_dim)

    def discriminator_input(self, num_classes: int, shape: tuple[int, ...]) -> nn.Module:
        return Planes(num_classes, shape[1:])


@ganzoo.hookimpl
def register_datasets():
    return {"circle": Circle}


@ganzoo.hookimpl
def register_conditioners():
    return {"vectors": Vectors}
