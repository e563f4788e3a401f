"""Image sizes of convolutional pairs: a small map, doubled until it is the image."""

from __future__ import annotations

from ganzoo.contracts import DataSpec
from ganzoo.errors import ConfigError

_SMALLEST_MAP, _LARGEST_IMAGE = 4, 256  # pixels


def halve(data: DataSpec, model: str) -> tuple[int, int]:
    """Return how often the image is halved, and the side of the map that remains: 4 to 7 pixels.

    32 pixels are halved 3 times to 4, and 28 twice to 7. Raises ConfigError if the image is not square, has less
    than 16 or more than 256 pixels a side, or cannot be halved that often.
    """
    size = data.shape[-1]
    halvings = (size // _SMALLEST_MAP).bit_length() - 1
    square = len(data.shape) == 3 and data.shape[1] == size
    if not square or halvings < 2 or size > _LARGEST_IMAGE or size % 2**halvings:
        what = f"{model} makes square images of 16, 20, 24, 28, 32, 40, 48, 56, 64, ... 256 pixels, not"
        hint = "--image-size 32; --model mlp (images of any size, and points of the plane)"
        raise ConfigError(f"{what} {' x '.join(map(str, data.shape))}", hint=hint)
    return halvings, size // 2**halvings
