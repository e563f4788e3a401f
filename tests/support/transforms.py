"""Noise to augment, and transforms with their probability set."""

import math

import torch

from ganzoo.contracts import DataSpec

EVERYTHING = 1.0


def images(n, channels=3, height=8, width=8, dtype=torch.float32):
    return 2 * torch.rand(n, channels, height, width, dtype=dtype) - 1


def transform_of(augmentation, shape=(3, 8, 8), p=EVERYTHING):
    transform = augmentation.transform(DataSpec(shape))
    if hasattr(transform, "p"):
        transform.p.fill_(p)
    return transform


def angles(*degrees):
    return torch.tensor([math.radians(angle) for angle in degrees])
