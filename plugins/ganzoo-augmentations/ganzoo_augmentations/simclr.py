"""Crop, colour and blur: the views of contrastive learning."""

import math
from dataclasses import dataclass
from typing import Annotated

import torch
from annotated_types import Ge, Gt, Le
from torch import Tensor, nn

import ganzoo
from ganzoo_augmentations.resampling import between, check_images, mix, sometimes, uniform

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in grey, ITU-R BT.601."""
RATIO = 4 / 3
"""Largest ratio of the sides of a crop."""

Share = Annotated[float, Gt(0), Le(1)]


@dataclass(frozen=True)
class SimCLR(ganzoo.Augmentation):
    """Crop and resize, mirror, change colours, blur. Chen et al. 2020, arXiv:2002.05709, Section 3 and Appendix A.

    A crop of U[`scale`, 1] of the area and sides in a ratio of 3/4 to 4/3, resized; mirrored with probability 1/2; with
    probability 0.8 brightness, contrast and saturation times U[1 - 0.8 s, 1 + 0.8 s] and hue turned by U[-0.2 s, 0.2 s]
    of the circle, s = `strength`; grey with probability 0.2; with probability `blur` a Gaussian of sigma U[0.1, 2] in a
    window of a tenth of the side.

    Departs: colours are changed in this order and not cut at black and white, which would have no gradient; hue turns
    the plane beside grey, in place of HSV; a crop may be longer than the image is, and is then cut. Grey images keep
    brightness and contrast. It always acts, so G may learn to make crops: `--set augment.scale=0.8` for less of that.
    The paper has s = 1; CIFAR-10 there takes s = 0.5 and no blur.
    """

    scale: Share = 0.08
    """Smallest share of the area that a crop has."""
    strength: ganzoo.NonNegativeFloat = 0.5
    blur: Annotated[float, Ge(0), Le(1)] = 0.5
    """Probability of blur; 0 for none."""

    def transform(self, data: ganzoo.DataSpec) -> nn.Module:
        check_images(data, "simclr", 2)
        return Views(self.scale, self.strength, self.blur)


class Views(nn.Module):
    """Draw a view of each image: (N, C, H, W) -> (N, C, H, W), which may leave [-1, 1]."""

    def __init__(self, scale: float, strength: float, blur: float) -> None:
        super().__init__()
        self.scale, self.strength, self.blur = scale, strength, blur

    def forward(self, x: Tensor) -> Tensor:
        x = crop(x, self.scale)
        x = jitter((x + 1) / 2, self.strength) * 2 - 1  # in [0, 1], where black is 0
        x = torch.where(sometimes(x, 0.2)[:, :, None, None], grey(x), x)
        return blur(x, self.blur)


def crop(x: Tensor, scale: float) -> Tensor:
    """Crop, mirror every second one, and resize to the size before: (N, C, H, W) -> (N, C, H, W)."""
    area, ratio = uniform(x, scale, 1), uniform(x, -math.log(RATIO), math.log(RATIO)).exp().sqrt()
    mirrored, maps = sometimes(x, 0.5), []
    for size, side in zip(x.shape[2:], (area.sqrt() / ratio, area.sqrt() * ratio), strict=True):
        length = (side * size).clamp(max=size)
        start = uniform(x, 0, 1) * (size - length)
        places = start + (torch.arange(size, device=x.device) + 0.5) * length / size - 0.5
        maps.append(between(places, size))
    rows, columns = maps
    return mix(rows, x, torch.where(mirrored[:, :, None], columns.flip(1), columns))


def grey(x: Tensor) -> Tensor:
    """Return x (N, C, H, W) with each channel its grey; images of other than three channels as they are."""
    if x.shape[1] != 3:
        return x
    weights = torch.tensor(LUMA, device=x.device, dtype=x.dtype).reshape(1, 3, 1, 1)
    return (x * weights).sum(dim=1, keepdim=True).expand_as(x)


def jitter(x: Tensor, strength: float) -> Tensor:
    """Change the colours of four images of five: (N, C, H, W) in [0, 1] -> (N, C, H, W)."""
    low, high = max(0.0, 1 - 0.8 * strength), 1 + 0.8 * strength
    light, contrast, saturation = (uniform(x, low, high)[:, :, None, None] for _ in range(3))
    angle = 2 * math.pi * uniform(x, -0.2 * strength, 0.2 * strength)
    y = x * light
    y = stretch(y, grey(y).mean(dim=(1, 2, 3), keepdim=True), contrast)
    y = turn_hue(stretch(y, grey(y), saturation), angle)
    return torch.where(sometimes(x, 0.8)[:, :, None, None], y, x)


def stretch(x: Tensor, centre: Tensor, factor: Tensor) -> Tensor:
    """Multiply the distance to a centre."""
    return centre + factor * (x - centre)


def turn_hue(x: Tensor, angle: Tensor) -> Tensor:
    """Turn the colours of (N, 3, H, W) by angles (N, 1) about grey; images of other channels stay as they are."""
    if x.shape[1] != 3:
        return x
    middle = x.mean(dim=1, keepdim=True)
    colour = x - middle
    across = (colour.roll(1, dims=1) - colour.roll(-1, dims=1)) / math.sqrt(3)  # the grey axis times the colour
    cosine, sine = (part[:, :, None, None] for part in (angle.cos(), angle.sin()))
    return middle + cosine * colour + sine * across


def blur(x: Tensor, p: float) -> Tensor:
    """Blur images with probability p: (N, C, H, W) -> (N, C, H, W)."""
    sigma, chosen, maps = uniform(x, 0.1, 2), sometimes(x, p), []
    for size in x.shape[2:]:
        place = torch.arange(size, device=x.device)
        distance = (place[:, None] - place).to(x.dtype)
        bell = torch.exp(-((distance / sigma[:, :, None]) ** 2) / 2) * (distance.abs() <= max(1, size // 20))
        bell = bell / bell.sum(dim=2, keepdim=True)  # at the edge of what is there
        maps.append(torch.where(chosen[:, :, None], bell, torch.eye(size, device=x.device, dtype=x.dtype)))
    return mix(maps[0], x, maps[1])
