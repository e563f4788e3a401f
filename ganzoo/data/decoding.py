"""Image files to tensors, whatever their mode, orientation and size.

Resizing is bicubic with a support that grows with the reduction, so that it does not alias (Parmar et al.
2022, arXiv:2104.11222): Pillow's for files, torch's `antialias=True` for tensors.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, NamedTuple

import numpy as np
import torch
from annotated_types import Ge, Le
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor
from torch.nn.functional import interpolate

from ganzoo.data.depth import RangeError, raw_mode, reduce_depth
from ganzoo.files import read_regular

SMALLEST, LARGEST = 8, 1024
"""Bounds of the side of an image, in pixels."""
ImageSize = Annotated[int, Ge(SMALLEST), Le(LARGEST)]
"""Height and width of a square sample."""
Background = Literal["white", "black"]
"""Colour behind transparent pixels."""

Fit = Literal["crop", "pad", "stretch"]
"""Way to make a square of an image: of its centre, with bars in the colour of the background, or by stretching it."""

KINDS = {
    ".avif": "AVIF",
    ".bmp": "BMP",
    ".gif": "GIF",
    ".j2k": "JPEG2000",
    ".jfif": "JPEG",
    ".jp2": "JPEG2000",
    ".jpe": "JPEG",
    ".jpeg": "JPEG",
    ".jpg": "JPEG",
    ".pbm": "PPM",
    ".pgm": "PPM",
    ".png": "PNG",
    ".pnm": "PPM",
    ".ppm": "PPM",
    ".tga": "TGA",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
}
"""Suffixes of images, and Pillow's name of what they should hold. Its others include EPS, which runs a program."""
NAMELESS = "TGA"  # begins with no mark of its own, so only a suffix says that a file is one
FORMATS = tuple(sorted({*KINDS.values()} - {NAMELESS}))
MAX_BYTES = 2**28  # bytes of one file
MAX_PIXELS = 89_478_485  # pixels of one image: above it Pillow warns of a decompression bomb, above twice it raises


class UnreadableImageError(Exception):
    """An image that cannot be decoded; its text is the reason in a few words."""


class DepthError(UnreadableImageError):
    """An image whose values have an unknown range, or one beyond the depth that was told."""

    def __init__(self, reason: str, peak: float) -> None:
        super().__init__(reason)
        self.peak = peak
        """Largest value; 0 if no depth would do."""


class DecodeOptions(NamedTuple):
    """Options with which images are decoded."""

    channels: int
    """1, 3, or 4 with transparency."""
    size: int
    """Height and width in pixels."""
    background: Background = "white"
    fit: Fit = "crop"
    depth: int = 0
    """Bits of the values in files of more than 8; 0 is 16, or what the file says."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, S, S) of a decoded image."""
        return (self.channels, self.size, self.size)

    @property
    def bytes(self) -> int:
        """Bytes of a decoded image."""
        return math.prod(self.shape)


class Decoded(NamedTuple):
    """One image, ready to train on."""

    pixels: Tensor
    """uint8 (C, S, S)."""
    changes: tuple[str, ...]
    """Changes of the content, such as ("cropped to the centre square",)."""
    peak: float = 0
    """Largest value in a file of more than 8 bits per value; 0 for others."""


@contextmanager
def naming_the_reason() -> Iterator[None]:
    """Turn any error into UnreadableImageError, since a decoder may raise anything on damaged bytes."""
    try:
        yield
    except (UnreadableImageError, MemoryError):
        raise
    except Exception as error:
        raise UnreadableImageError(explain(error)) from error


@naming_the_reason()
def read_file(path: Path) -> bytes:
    """Return the bytes of a file. Raises UnreadableImageError if it is too large, or not a regular file."""
    return read_regular(path, MAX_BYTES)


@naming_the_reason()
def decode_image(data: bytes, options: DecodeOptions, name: str = "") -> Decoded:
    """Decode the bytes of an image file to uint8 (C, S, S): upright, 8 bits per value, composited, square, resized.

    `name` is that of the file, whose suffix may say what the bytes are. Raises UnreadableImageError if the bytes are
    damaged or not an image, if the image is too large, or if the range of its values is unknown.
    """
    if not data:
        raise UnreadableImageError("empty file")
    expected = KINDS.get(PurePosixPath(name.strip().lower()).suffix, "")
    formats = (*FORMATS, NAMELESS) if expected == NAMELESS else FORMATS
    with Image.open(io.BytesIO(data), formats=available(formats)) as opened:
        if opened.width * opened.height > MAX_PIXELS:
            raise UnreadableImageError(f"image too large, {opened.width}x{opened.height}")
        changes = name_content(opened, expected)
        whole, peak, reduced = to_eight_bits(data, opened, options.depth)
        flat, composited = flatten(whole, options)
        pixels = to_tensor(fit(flat, options).convert(MODES[options.channels]))
    return Decoded(pixels, changes + reduced + composited + name_geometry(flat.size, options), peak)


@cache
def available(formats: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of these formats that this Pillow reads."""
    Image.init()
    return tuple(name for name in formats if name in Image.OPEN)


def name_kind(data: bytes) -> str:
    """Return the name of Pillow for the kind of image that the bytes are, "PNG"; empty if they are none."""
    try:
        with Image.open(io.BytesIO(data), formats=available(FORMATS)) as image:
            return image.format or ""
    except Exception:  # a decoder may raise anything on bytes that are no image
        return ""


def name_content(opened: Image.Image, expected: str) -> tuple[str, ...]:
    """Return what is odd about the content of a file: of another kind than its suffix says, or with several frames."""
    kind = "JPEG" if opened.format == "MPO" else opened.format  # a JPEG of a phone, with more pictures behind the first
    other = (f"hold {kind}, which their suffix does not say",) if expected and kind != expected else ()
    return (*other, "reduced to their first frame") if getattr(opened, "is_animated", False) else other


def to_eight_bits(data: bytes, opened: Image.Image, depth: int) -> tuple[Image.Image, float, tuple[str, ...]]:
    """Return the image upright and with 8 bits per value, its largest value if it had more, and the changes."""
    raw = raw_mode(opened)
    try:
        deep = reduce_depth(data, opened, depth)
    except RangeError as error:
        raise DepthError(str(error), error.peak) from error
    if deep is not None:
        return deep.image, deep.peak, ("reduced from 16 to 8 bits",)
    lossy = ("reduced from 16 to 8 bits",) if ";16" in raw else ()
    ImageOps.exif_transpose(opened, in_place=True)
    return opened, 0, lossy


MODES = {1: "L", 3: "RGB", 4: "RGBA"}
COLOURS = {"white": (255, 255, 255, 0), "black": (0, 0, 0, 0)}
"""The backgrounds where transparency is kept."""


def fit(image: Image.Image, options: DecodeOptions) -> Image.Image:
    """Make a square of an image as the options say, and resize it."""
    size = (options.size, options.size)
    if image.size == size:
        return image
    if options.fit == "stretch":
        return image.resize(size, Image.Resampling.BICUBIC)
    if options.fit == "pad":
        colour = COLOURS[options.background] if image.mode == "RGBA" else options.background
        return ImageOps.pad(image, size, Image.Resampling.BICUBIC, color=colour)
    return ImageOps.fit(image, size, method=Image.Resampling.BICUBIC)


def flatten(image: Image.Image, options: DecodeOptions) -> tuple[Image.Image, tuple[str, ...]]:
    """Convert an image of 8 bits and any mode to "L" or "RGB", or to "RGBA" for 4 channels; return also the changes."""
    if options.channels == 4:
        return image.convert("RGBA"), ()
    if image.has_transparency_data:
        return composite(image.convert("RGBA"), options.background)
    if image.mode not in ("L", "RGB"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    return image, ()


def composite(image: Image.Image, background: Background) -> tuple[Image.Image, tuple[str, ...]]:
    """Convert RGBA to RGB; return also the changes, of which there are none if every pixel is opaque."""
    canvas = Image.new("RGBA", image.size, background)
    opaque = image.getchannel("A").getextrema() == (255, 255)
    changes = () if opaque else (f"composited on {background}",)
    return Image.alpha_composite(canvas, image).convert("RGB"), changes


def name_geometry(original: tuple[int, int], options: DecodeOptions) -> tuple[str, ...]:
    """Return the changes beyond shrinking when (width, height) is made a square."""
    width, height = original
    words = {"crop": "cropped to the centre square", "pad": "padded to a square", "stretch": "stretched to a square"}
    square = (words[options.fit],) if width != height else ()
    side = max(original) if options.fit == "pad" else min(original)
    return (*square, f"upsampled to {options.size}x{options.size}") if side < options.size else square


def to_tensor(image: Image.Image) -> Tensor:
    """An "L", "RGB" or "RGBA" image -> uint8 (C, H, W)."""
    pixels = torch.from_numpy(np.array(image))
    return pixels.unsqueeze(0) if pixels.ndim == 2 else pixels.permute(2, 0, 1)


def explain(error: Exception) -> str:
    """Return the reason why an image is unreadable, in a few words."""
    if isinstance(error, UnidentifiedImageError):
        return "no image, or a damaged one"
    if isinstance(error, FileNotFoundError):
        return "dangling link"
    if isinstance(error, Image.DecompressionBombError):
        return "image too large"
    text = str(getattr(error, "strerror", None) or error) or type(error).__name__  # some say nothing
    return "truncated" if "truncated" in text.lower() else text.splitlines()[0][:60].lower()


def resize_images(images: Tensor, size: int) -> Tensor:
    """uint8 (M, C, H, W) -> uint8 (M, C, size, size), clamped where bicubic overshoots."""
    if images.shape[2:] == (size, size):
        return images.contiguous()
    resized = images.new_empty((*images.shape[:2], size, size))
    for start in range(0, len(images), 512):  # as float32 they take four times the room
        batch = images[start : start + 512].float()
        batch = interpolate(batch, (size, size), mode="bicubic", antialias=True, align_corners=False)
        resized[start : start + 512] = batch.round_().clamp_(0, 255)
    return resized
