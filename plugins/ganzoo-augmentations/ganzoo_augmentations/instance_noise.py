"""Noise on all that D sees, which fades."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

import ganzoo


class Noise(nn.Module):
    """Add noise that falls to 0 over a share of the run: x (N, *shape) -> (N, *shape)."""

    def __init__(self, std: float, over: float) -> None:
        super().__init__()
        self.std, self.over = std, over
        self.register_buffer("progress", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        left = (1 - self.get_buffer("progress") / self.over).clamp(min=0)
        return x + self.std * left.to(x.dtype) * torch.randn_like(x)


@dataclass(frozen=True)
class InstanceNoise(ganzoo.Augmentation):
    """Add Gaussian noise that fades. Sonderby et al. 2017, arXiv:1610.04490; Arjovsky et al. 2017, arXiv:1701.04862.

    D sees x + e,  e ~ N(0, sigma^2),  sigma = `std` (1 - done / `over`), at least 0;  done: share of the run

    The supports of data and G overlap, so that D has something to tell everywhere. It works on samples of any shape.
    The papers anneal and give no rate: both options are chosen here, std in units of samples in [-1, 1].
    """

    std: ganzoo.PositiveFloat = 0.5
    """Standard deviation of the noise at first."""
    over: ganzoo.PositiveFloat = 1.0
    """Share of the run after which there is none; above 1 some is left at the end."""

    def transform(self, data: ganzoo.DataSpec) -> nn.Module:
        return Noise(self.std, self.over)
