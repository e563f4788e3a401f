"""Image files to tensors, whatever their mode, orientation and size.

Resizing is bicubic with a support that grows with the reduction, so that it does not alias (Parmar et al.
2022, arXiv:2104.11222): Pillow's for files, torch's `antialias=True` for tensors.
"""

from __future__ import annotations

import io
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import numpy as np
import torch
from annotated_types import Ge, Le
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor
from torch.nn.functional import interpolate

ImageSize = Annotated[int, Ge(8), Le(1024)]
"""Height and width of a square sample."""
Background = Literal["white", "black"]
"""Colour behind transparent pixels."""

FORMATS = (
    "JPEG",
    "PNG",
    "WEBP",
    "GIF",
    "BMP",
    "TIFF",
    "PPM",
)  # Pillow's others include EPS, which runs a program
MAX_BYTES = 2**28  # bytes of one file
MAX_PIXELS = 89_478_485  # pixels of one image: above it Pillow warns of a decompression bomb, above twice it raises


class UnreadableImageError(Exception):
    """An image that cannot be decoded; its text is the reason in a few words."""


class Decoded(NamedTuple):
    """One image, ready to train on."""

    pixels: Tensor
    """uint8 (C, S, S)."""
    changes: tuple[str, ...]
    """Changes of the content, such as ("cropped to the centre square",)."""


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
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableImageError("not a regular file")  # a named pipe would block for ever
    if status.st_size > MAX_BYTES:
        raise UnreadableImageError(f"file too large, {status.st_size:,} bytes")
    return path.read_bytes()


@naming_the_reason()
def decode_image(data: bytes, *, size: int, channels: int = 3, background: Background = "white") -> Decoded:
    """Decode the bytes of an image file to uint8 (channels, size, size): upright, composited, cropped, resized.

    `channels` is 1 or 3. Raises UnreadableImageError if the bytes are damaged or not an image, if the image is
    too large, or if the range of its values is unknown.
    """
    if not data:
        raise UnreadableImageError("empty file")
    with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
        if opened.width * opened.height > MAX_PIXELS:
            raise UnreadableImageError(f"image too large, {opened.width}x{opened.height}")
        frames = ("reduced to their first frame",) if getattr(opened, "is_animated", False) else ()
        ImageOps.exif_transpose(opened, in_place=True)
        flat, conversions = flatten(opened, background)
        square = fit(flat, size).convert("L" if channels == 1 else "RGB")
    return Decoded(to_tensor(square), frames + conversions + name_geometry(flat.size, size))


def name_kind(data: bytes) -> str:
    """Return the name of Pillow for the kind of image that the bytes are, "PNG"; empty if they are none."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            return image.format or ""
    except Exception:  # a decoder may raise anything on bytes that are no image
        return ""


def fit(image: Image.Image, size: int) -> Image.Image:
    """Crop the centre square and resize it to size x size."""
    if image.size == (size, size):
        return image
    return ImageOps.fit(image, (size, size), method=Image.Resampling.BICUBIC)


def flatten(image: Image.Image, background: Background) -> tuple[Image.Image, tuple[str, ...]]:
    """Convert an image of any mode to "L" or "RGB"; return also the changes. Raises UnreadableImageError."""
    if image.mode == "F":
        raise UnreadableImageError("mode F: floating point of unknown range")
    if image.mode.startswith("I"):
        return reduce_depth(image), ("reduced from 16 to 8 bits",)
    if image.has_transparency_data:
        return composite(image.convert("RGBA"), background)
    if image.mode not in ("L", "RGB"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    return image, ()


def reduce_depth(image: Image.Image) -> Image.Image:
    """Convert 16 to 8 bits by 1/257, so that 65535 becomes 255; Pillow's own conversion clips at 255."""
    if image.mode == "I" and image.format != "PPM":  # Pillow scales a deep PPM to 65535
        raise UnreadableImageError("mode I: 32-bit integers of unknown range")
    deep = np.asarray(image).astype(np.uint32)
    return Image.fromarray(((deep + 128) // 257).astype(np.uint8))


def composite(image: Image.Image, background: Background) -> tuple[Image.Image, tuple[str, ...]]:
    """Convert RGBA to RGB; return also the changes, of which there are none if every pixel is opaque."""
    canvas = Image.new("RGBA", image.size, background)
    opaque = image.getchannel("A").getextrema() == (255, 255)
    changes = () if opaque else (f"composited on {background}",)
    return Image.alpha_composite(canvas, image).convert("RGB"), changes


def name_geometry(original: tuple[int, int], size: int) -> tuple[str, ...]:
    """Return the changes beyond shrinking when (width, height) is fitted into a square of this size."""
    width, height = original
    crop = ("cropped to the centre square",) if width != height else ()
    return (*crop, f"upsampled to {size}x{size}") if min(original) < size else crop


def to_tensor(image: Image.Image) -> Tensor:
    """An "L" or "RGB" image -> uint8 (C, H, W)."""
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
    text = str(getattr(error, "strerror", None) or error or type(error).__name__)
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
