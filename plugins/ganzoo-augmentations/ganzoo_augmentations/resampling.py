"""Linear maps of rows and columns, one for each image: crops, moves, mirror images, blur."""

import torch
from torch import Tensor

import ganzoo


def check_images(data: ganzoo.DataSpec, name: str, least: int) -> None:
    """Raise ConfigError unless samples are images (C, H, W) of at least `least` pixels each way."""
    if len(data.shape) != 3 or min(data.shape[1:]) < least:
        what = f"augment {name!r} changes images of at least {least} x {least} pixels, not samples of {data.shape}"
        raise ganzoo.ConfigError(what, hint="--augment none")


def mix(rows: Tensor, x: Tensor, columns: Tensor) -> Tensor:
    """Images (N, C, H, W), rows (N, S, H), columns (N, T, W) -> (N, C, S, T), each pixel a mean of others.

    Differentiable as often as one likes, which sampling at places is not on every device.
    """
    return torch.einsum("nsh,nchw,ntw->ncst", rows, x, columns)


def between(places: Tensor, size: int) -> Tensor:
    """Return the weights of linear interpolation at places (N, S) in pixels: (N, S, size); outside is the edge."""
    distance = places.clamp(0, size - 1)[..., None] - torch.arange(size, device=places.device)
    return (1 - distance.abs()).clamp(min=0)


def uniform(x: Tensor, low: float, high: float) -> Tensor:
    """Draw a number of U[low, high] for each image of x: (N, 1)."""
    return low + (high - low) * torch.rand(len(x), 1, device=x.device, dtype=x.dtype)


def sometimes(x: Tensor, p: float) -> Tensor:
    """Draw True with probability p for each image of x: (N, 1)."""
    return torch.rand(len(x), 1, device=x.device) < p
