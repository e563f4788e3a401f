"""The augmentations that consistency regularization compares."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

import ganzoo
from ganzoo_augmentations.resampling import between, check_images, mix, sometimes

Change = Callable[[Tensor], Tensor]


def flip(x: Tensor) -> Tensor:
    """Mirror left and right with probability 1/2: (N, C, H, W) -> (N, C, H, W)."""
    return torch.where(sometimes(x, 0.5)[:, :, None, None], x.flip(3), x)


def shift(x: Tensor) -> Tensor:
    """Move by whole pixels, up to 1/8 of each side, and fill with the mirror image: (N, C, H, W) -> (N, C, H, W)."""
    maps = []
    for size in x.shape[2:]:
        most = size // 8
        start = torch.randint(2 * most + 1, (len(x), 1), device=x.device)
        places = start + torch.arange(size, device=x.device)
        maps.append(between(places.to(x.dtype), size + 2 * most))
    up, left = (size // 8 for size in x.shape[2:])
    return mix(maps[0], pad(x, [left, left, up, up], mode="reflect"), maps[1])


def cutout(x: Tensor) -> Tensor:
    """Set a box of half the height and width to 0, mid-grey, its centre anywhere: (N, C, H, W) -> (N, C, H, W)."""
    inside = []
    for size in x.shape[2:]:
        centre = torch.randint(size, (len(x), 1), device=x.device)
        offset = torch.arange(size, device=x.device) - centre
        inside.append((offset >= -(size // 4)) & (offset < size // 2 - size // 4))
    return x * ~(inside[0][:, :, None] & inside[1][:, None, :])[:, None]


def noise(x: Tensor) -> Tensor:
    """Add Gaussian noise of deviation 0.1: (N, C, H, W) -> (N, C, H, W)."""
    return x + 0.1 * torch.randn_like(x)


CHANGES: dict[str, Change] = {"flip": flip, "shift": shift, "cutout": cutout, "noise": noise}


class Changes(nn.Module):
    """Apply changes one after the other: images (N, C, H, W) -> (N, C, H, W)."""

    def __init__(self, names: list[str]) -> None:
        super().__init__()
        self.names = names

    def forward(self, x: Tensor) -> Tensor:
        for name in self.names:
            x = CHANGES[name](x)
        return x


@dataclass(frozen=True)
class ConsistencySet(ganzoo.Augmentation):
    """Mirror and move images, or cut them out, or add noise. Zhang et al. 2020, arXiv:1910.12027.

    The set by which CR-GAN is compared; here D sees changed images alone, which is the paper's baseline, "data
    augmentation". The regularizer itself is ganzoo's `--regularizer bcr --set regularizer.weight_fake=0`.

    `policy`: names among flip, shift, cutout and noise, in order. Departs: the paper moves by a few pixels of 32, here
    up to 1/8 of each side, and gives no deviation of the noise, here 0.1. Mirroring turns digits into others.
    """

    policy: str = "flip,shift"

    def __post_init__(self) -> None:
        if unknown := [name for name in self._names() if name not in CHANGES]:
            what = f"augment.policy: {unknown[0]!r} is not one of {', '.join(CHANGES)}"
            raise ganzoo.ConfigError(what, hint="--set augment.policy=flip,shift")

    def _names(self) -> list[str]:
        return [name.strip() for name in self.policy.split(",")]

    def transform(self, data: ganzoo.DataSpec) -> nn.Module:
        check_images(data, "cr", 2)
        return Changes(self._names())
