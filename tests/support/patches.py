"""A plugin file: discriminators that give several logits for each sample."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

import ganzoo

mlp = ganzoo.load_zoo().entry("model", "mlp").component


class Repeat(nn.Module):
    """Samples (N, *shape) -> the features of D, several times: (N, copies, F)."""

    def __init__(self, trunk: nn.Module, copies: int) -> None:
        super().__init__()
        self.trunk, self.copies, self.feature_dim = trunk, copies, trunk.feature_dim

    def forward(self, x: Tensor) -> Tensor:
        return self.trunk(x)[:, None].expand(-1, self.copies, -1)


@dataclass(frozen=True)
class Repeated(mlp):
    """The pair `mlp`, whose D gives the same logit `copies` times; nobody's invention."""

    copies: ganzoo.Width = 3

    def discriminator(self, data: ganzoo.DataSpec, *, per_sample: bool) -> nn.Module:
        return Repeat(super().discriminator(data, per_sample=per_sample), self.copies)


class Patches(nn.Module):
    """Images (N, C, H, W) -> features of patches at two scales (N, P, F)."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.feature_dim = width
        self.fine = nn.Sequential(nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2))
        self.coarse = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([h.flatten(2).transpose(1, 2) for h in (self.fine(x), self.coarse(x))], dim=1)


@dataclass(frozen=True)
class PatchGAN(mlp):
    """D judges patches at two scales. Isola et al. 2017, arXiv:1611.07004, Section 3.2.2, and arXiv:1711.11585."""

    def discriminator(self, data: ganzoo.DataSpec, *, per_sample: bool) -> nn.Module:
        return Patches(data.shape[0], self.width)


@ganzoo.hookimpl
def register_models():
    return {"repeated": Repeated, "patchgan": PatchGAN}
