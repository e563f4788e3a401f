"""Images of more than 8 bits per value, scaled to 8.

Pillow reads grey of 16 bits as it is, but of colour only the high byte of each value. A decoder can be told the order
of the bytes in the file: with the wrong one it reads the low bytes.
"""

from __future__ import annotations

import io
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from PIL.PpmImagePlugin import PpmImageFile

FULL = 65535  # largest value of 16 bits
BYTE_ORDERS = {"16B": "16L", "16L": "16B", "16N": "16B" if np.little_endian else "16L"}
"""Byte order of a raw mode of Pillow, and the other one; N is that of the machine."""
CHANNELS = {"RGB": 3, "RGBX": 3, "RGBA": 4}
WHITE_IS_ZERO = 0
PHOTOMETRIC = 262  # tag of TIFF


class RangeError(Exception):
    """Values of an image that do not fit the depth, or whose range is unknown."""

    def __init__(self, text: str, peak: float) -> None:
        super().__init__(text)
        self.peak = peak
        """Largest value; 0 if no depth would do."""


class DeepImage(NamedTuple):
    """An image reduced to 8 bits per value."""

    image: Image.Image
    """Mode "L", "RGB" or "RGBA", upright."""
    peak: float
    """Largest value in the file, but for transparency; 0 if the file itself says which is white."""


def reduce_depth(data: bytes, opened: Image.Image, depth: int) -> DeepImage | None:
    """Return the opened image with 8 bits per value if the file has more, else None.

    White is 2^depth - 1 or, if `depth` is 0, what the file says. Raises RangeError for values beyond, and for those
    whose range is unknown.
    """
    mode, raw = opened.mode, raw_mode(opened)
    if mode == "F" or mode.startswith("I"):
        return _reduce_grey(opened, raw, depth)
    name, _, order = raw.partition(";")
    if name in CHANNELS and order in BYTE_ORDERS:
        return _reduce_colour(_read_twice(data, raw, f"{name};{BYTE_ORDERS[order]}"), dict(opened.info), depth)
    if raw == "LA;16B":  # four bytes per pixel, as in RGBA of 8 bits
        grey = _join(_decode(data, "RGBA", "RGBA")[..., [0, 2]], _decode(data, "RGBA", "RGBA")[..., [1, 3]])
        return _reduce_colour(grey[..., [0, 0, 0, 1]], {}, depth)
    if isinstance(opened, PpmImageFile) and opened.tile[0][3] == ("RGB", FULL) and opened.tile[0][0] == "ppm":
        values = np.frombuffer(data, ">u2", offset=opened.tile[0][2], count=opened.width * opened.height * 3)
        return _reduce_colour(values.reshape(opened.height, opened.width, 3).astype(np.uint32), {}, depth)
    return None


def raw_mode(opened: Image.Image) -> str:
    """Return Pillow's name for the layout of the pixels in the file: "RGB;16B"; empty if there are several."""
    tiles: Any = getattr(opened, "tile", [])
    raw = {str(tile.args[0] if isinstance(tile.args, tuple) and tile.args else tile.args) for tile in tiles}
    return raw.pop() if len(raw) == 1 else ""


def scale(values: NDArray[Any], depth: int) -> NDArray[np.uint8]:
    """Return uint8: 0 to 2^depth - 1, or to 65535 if `depth` is 0, becomes 0 to 255, rounded. Raises RangeError."""
    top = 2**depth - 1 if depth else FULL
    if not np.isfinite(values).all():
        raise RangeError("values that are no numbers", 0)
    low, high = float(values.min()), float(values.max())
    if low < 0:
        raise RangeError(f"negative values, from {low:g}", 0)
    if high > top:
        raise RangeError(f"value {high:g} is beyond {depth} bits", high)
    if values.dtype.kind == "f":
        return np.rint(values * (255 / top)).astype(np.uint8)
    return ((values.astype(np.uint64) * 255 + top // 2) // top).astype(np.uint8)


def count_bits(peak: float) -> int:
    """Return the bits that a value needs: 4000 -> 12."""
    return max(1, int(np.ceil(peak)).bit_length())


def _reduce_grey(opened: Image.Image, raw: str, depth: int) -> DeepImage:
    """Reduce modes I;16, I and F."""
    upright = ImageOps.exif_transpose(opened)
    values = np.asarray(upright)
    scaled = opened.format == "PPM" and opened.mode == "I"  # by Pillow, to 65535
    if not (depth or scaled or opened.mode.startswith("I;16")):
        kind = "32-bit integers" if opened.mode == "I" else "floating point"
        low, high = float(values.min()), float(values.max())
        raise RangeError(f"mode {opened.mode}: {kind} of unknown range, {low:g} to {high:g}", max(high, 0))
    if scaled and raw != "I;16B":  # the file says which value is white, and that is not 65535
        return DeepImage(Image.fromarray(scale(values, 0)), 0)
    grey = scale(values, depth)
    if getattr(opened, "tag_v2", {}).get(PHOTOMETRIC) == WHITE_IS_ZERO and opened.mode.startswith("I;16"):
        grey = 255 - grey
    image = Image.fromarray(grey)
    if "transparency" in opened.info:
        image = _with_alpha(image.convert("RGB"), (values != opened.info["transparency"]) * np.uint8(255))
    return DeepImage(image, float(values.max()))


def _reduce_colour(values: NDArray[Any], info: dict[Any, Any], depth: int) -> DeepImage:
    """Reduce values uint32 (H, W, 3 or 4); the fourth are transparency, which has 16 bits whatever the depth."""
    image = Image.fromarray(scale(values[..., :3], depth))
    peak = float(values[..., :3].max())
    if values.shape[2] == 4:
        return DeepImage(_with_alpha(image, scale(values[..., 3], 0)), peak)
    if "transparency" in info:
        visible = (values != np.array(info["transparency"])).any(axis=2)
        return DeepImage(_with_alpha(image, visible * np.uint8(255)), peak)
    return DeepImage(image, peak)


def _with_alpha(image: Image.Image, alpha: NDArray[np.uint8]) -> Image.Image:
    image.putalpha(Image.fromarray(alpha))
    return image


def _read_twice(data: bytes, raw: str, other: str) -> NDArray[np.uint32]:
    """Return values uint32 (H, W, C) of 16 bits, from their high and their low bytes."""
    mode = "RGBA" if raw.startswith("RGBA") else "RGB"
    return _join(_decode(data, mode, raw), _decode(data, mode, other))


def _join(high: NDArray[np.uint8], low: NDArray[np.uint8]) -> NDArray[np.uint32]:
    return high.astype(np.uint32) * 256 + low


def _decode(data: bytes, mode: str, raw: str) -> NDArray[np.uint8]:
    """Decode an image, upright, as if its pixels had another layout of the same length."""
    with Image.open(io.BytesIO(data)) as image:
        image._mode = mode
        image.tile = [
            tile._replace(args=(raw, *tile.args[1:]) if isinstance(tile.args, tuple) else raw) for tile in image.tile
        ]
        return np.asarray(ImageOps.exif_transpose(image))
