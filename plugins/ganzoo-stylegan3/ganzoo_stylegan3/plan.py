"""Cutoffs, sampling rates, sizes and channels of all layers. arXiv:2106.12423, Sec. 3.2 and Appendix C."""

import math
from dataclasses import dataclass

FIRST_CUTOFF, FIRST_STOPBAND = 2.0, 2**2.1
LAST_STOPBAND = 2**0.3
"""Stop band of the last layer, in multiples of its cutoff."""
CRITICAL = 2
"""Layers at the end that are sampled critically: their cutoff is half the sampling rate."""
MARGIN = 10
"""Pixels beyond the image on each side."""


@dataclass(frozen=True)
class Band:
    """One signal between layers; frequencies in cycles per image, rates in pixels per image."""

    cutoff: float
    half_width: float
    """Half of the width of the transition of a filter."""
    rate: int
    size: int
    """Side of the map in pixels, with its margin."""
    channels: int


def plan_bands(side: int, layers: int, base: int, most: int, image_channels: int) -> list[Band]:
    """Return the signals after each of the layers, and the image; the first layer does not change its input's band.

    Cutoff and stop band grow geometrically from the first layer to the first of the critical ones. A signal of cutoff f
    has min(base / (2 f), most) channels.
    """
    bands = []
    last_stopband = side / 2 * LAST_STOPBAND
    for i in range(layers + 1):
        share = min(i / (layers - CRITICAL), 1)
        cutoff = FIRST_CUTOFF * (side / 2 / FIRST_CUTOFF) ** share
        stopband = FIRST_STOPBAND * (last_stopband / FIRST_STOPBAND) ** share
        rate = 2 ** math.ceil(math.log2(min(2 * stopband, side)))
        size = side if i >= layers - 1 else rate + 2 * MARGIN
        channels = image_channels if i == layers else max(round(min(base / 2 / cutoff, most)), 1)
        bands.append(Band(cutoff, max(stopband, rate / 2) - cutoff, rate, size, channels))
    return bands
