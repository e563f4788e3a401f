"""Colour, translation and cutout, always on. Zhao et al. 2020, arXiv:2006.10738."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from ganzoo.builtin.augmentations.pixels import check_images, read_pixels
from ganzoo.contracts import Augmentation, DataSpec
from ganzoo.errors import ConfigError
from ganzoo.settings.options import did_you_mean


def change_colour(x: Tensor) -> Tensor:
    """Change brightness, saturation and contrast: (N, C, H, W) -> (N, C, H, W), which may leave [-1, 1].

    Brightness adds b ~ U[-0.5, 0.5]. Saturation multiplies the distance to the mean over channels by U[0, 2], contrast
    that to the mean of the image by U[0.5, 1.5]. Saturation leaves grey images alone.
    """
    x = x + _uniform(x, -0.5, 0.5)
    x = _stretch(x, x.mean(1, keepdim=True), _uniform(x, 0, 2))
    return _stretch(x, x.mean((1, 2, 3), keepdim=True), _uniform(x, 0.5, 1.5))


def translate(x: Tensor) -> Tensor:
    """Move by whole pixels, up to 1/8 of each side, and fill with 0, mid-grey: (N, C, H, W) -> (N, C, H, W)."""
    height, width = x.shape[-2:]
    up, left = height // 8, width // 8
    rows = _whole(x, 2 * up + 1) + torch.arange(height, device=x.device)[:, None]
    columns = _whole(x, 2 * left + 1) + torch.arange(width, device=x.device)
    moved = read_pixels(pad(x, (left, left, up, up)), rows, columns)
    return moved.contiguous(memory_format=torch.channels_last)


def cut_out(x: Tensor) -> Tensor:
    """Set a box of half the height and width to 0, mid-grey: (N, C, H, W) -> (N, C, H, W).

    Its centre lies anywhere in the image, so that at least about a quarter of the box is inside.
    """
    inside_rows, inside_columns = (_half(x, size) for size in x.shape[-2:])
    inside = inside_rows[:, :, None] & inside_columns[:, None, :]
    return x * ~inside[:, None]


def _half(x: Tensor, size: int) -> Tensor:
    """Choose half of `size` places, a contiguous stretch that may stick out: bool (N, size)."""
    length = size // 2
    start = _whole(x, size + 1 - length % 2)[:, 0] - length // 2
    place = torch.arange(size, device=x.device) - start
    return (place >= 0) & (place < length)


def _stretch(x: Tensor, centre: Tensor, factor: Tensor) -> Tensor:
    return (x - centre) * factor + centre


def _uniform(x: Tensor, low: float, high: float) -> Tensor:
    """Draw one number of U[low, high] per sample of x: (N, 1, 1, 1)."""
    return low + (high - low) * torch.rand(len(x), 1, 1, 1, device=x.device, dtype=x.dtype)


def _whole(x: Tensor, count: int) -> Tensor:
    """Draw one of 0 .. count - 1 per sample of x: int64 (N, 1, 1)."""
    return torch.randint(count, (len(x), 1, 1), device=x.device)


PARTS: dict[str, Callable[[Tensor], Tensor]] = {"color": change_colour, "translation": translate, "cutout": cut_out}


class Policy(nn.Module):
    """Apply the parts one after the other: images (N, C, H, W) -> (N, C, H, W)."""

    def __init__(self, parts: list[str]) -> None:
        super().__init__()
        self.parts = parts

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, H, W) -> (N, C, H, W)."""
        for part in self.parts:
            x = PARTS[part](x)
        return x


@dataclass(frozen=True)
class DiffAugment(Augmentation):
    """Colour, translation and cutout, drawn anew for each sample. Zhao et al. 2020, arXiv:2006.10738, Section 3.2.

    `policy`: names among color, translation and cutout, in order. Raises ConfigError for another name.
    """

    policy: str = "color,translation,cutout"

    def __post_init__(self) -> None:
        for part in self._parts():
            if part not in PARTS:
                what = f"augment.policy: {part!r} is not one of {', '.join(PARTS)}.{did_you_mean(part, PARTS)}"
                raise ConfigError(what, hint="--set augment.policy=color,translation")

    def _parts(self) -> list[str]:
        return [part.strip() for part in self.policy.split(",")]

    def transform(self, data: DataSpec) -> nn.Module:
        check_images(data, "diffaug")
        return Policy(self._parts())
