"""Sizes of samples of convolutional pairs: a small map, doubled until it is the sample."""

from __future__ import annotations

from ganzoo.contracts import DataSpec
from ganzoo.errors import ConfigError

_SMALLEST_MAP, _LARGEST_IMAGE = 4, 256  # pixels


def halve(data: DataSpec, model: str) -> tuple[int, tuple[int, int]]:
    """Return how often a sample (C, H, W) is halved, and the sides of the map that remains: the shorter is 4 to 7.

    32 pixels are halved 3 times to 4, and 28 twice to 7; 128 x 64 are halved 4 times to 8 x 4. Raises ConfigError for
    a sample of another rank, for less than 16 or more than 256 pixels a side, or if a side cannot be halved that often.
    """
    sides = data.shape[1:]
    halvings = (min(sides, default=0) // _SMALLEST_MAP).bit_length() - 1
    whole = len(sides) == 2 and all(side % 2 ** max(0, halvings) == 0 for side in sides)
    if not whole or halvings < 2 or max(sides) > _LARGEST_IMAGE:
        what = f"{model} makes samples (C, H, W) with sides of 16, 20, 24, 28, 32, 40, 48, 56, 64, ... 256, not"
        ways = ["--image-size 32"] if data.images else []
        hint = "; ".join([*ways, "--model mlp (samples of any shape)"])
        raise ConfigError(f"{what} {' x '.join(map(str, data.shape))}", hint=hint)
    return halvings, (sides[0] // 2**halvings, sides[1] // 2**halvings)
