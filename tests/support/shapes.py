"""A plugin file: waves in samples of any shape, in memory or read when they are needed."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

import ganzoo


def wave(index: int, shape: tuple[int, ...]) -> Tensor:
    """Sample `index`: sines, whose frequency follows from it, in [-1, 1]."""
    numbers = torch.arange(torch.Size(shape).numel(), dtype=torch.float32)
    return (numbers * (0.05 + 0.01 * index)).sin().reshape(shape)


class Waves(ganzoo.LazySamples):
    """Waves that are computed when they are read."""

    dtype = torch.float32

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    shape: tuple[int, ...] = ()

    def read(self, index: int) -> Tensor:
        return wave(index, self.shape[1:])


@dataclass(frozen=True)
class Shapes(ganzoo.Dataset):
    """Waves of a given shape, in two classes; nobody's invention."""

    default_features = "points"
    shape: list[int] = field(default_factory=lambda: [1, 32, 16])
    lazy: bool = False

    def load(self) -> ganzoo.Samples:
        lazy = Waves((40, *self.shape))
        return ganzoo.Samples(lazy if self.lazy else lazy[:], torch.arange(40) % 2, ("even", "odd"))


@ganzoo.hookimpl
def register_datasets():
    return {"shapes": Shapes}
