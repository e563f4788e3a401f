"""Films: frames to an animated GIF or WebP by Pillow, or to an MP4 by PyAV."""

from __future__ import annotations

import math
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn.functional import pad

from ganzoo.errors import FolderError

FILMS = (".gif", ".webp", ".mp4")
"""Suffixes of films."""
FASTEST_GIF = 50
"""Frames per second of a GIF at most: its times are in hundredths of a second, and viewers take 1 for 10."""
SMALLEST = 256
"""Pixels of the shorter side of a film: smaller frames are enlarged, each pixel to a square."""


def check_film(path: Path, fps: int) -> None:
    """Raise FolderError if this kind of film cannot be written: MP4 without PyAV, or a GIF that is too fast."""
    kind = path.suffix.lower()
    if kind == ".mp4" and not _has_pyav():
        what = "cannot write the film: MP4 needs PyAV, which is not installed"
        raise FolderError(what, hint=f"pip install 'ganzoo-torch[film]', or -o {path.stem}.gif")
    if kind == ".gif" and fps > FASTEST_GIF:
        what = f"cannot write the film: a GIF has at most {FASTEST_GIF} frames a second, not {fps}"
        raise FolderError(what, hint=f"--fps {FASTEST_GIF}, or -o {path.stem}.webp")


def _has_pyav() -> bool:
    spec = find_spec("av")
    return spec is not None and spec.origin is not None  # a folder of that name here would be a package without origin


def write_film(path: Path, frames: Iterator[Tensor], fps: int, scale: int = 0) -> Path:
    """Write frames, uint8 (C, H, W) of one size, grey or colour; a GIF or WebP repeats without end. Raises OSError.

    Each pixel becomes `scale` x `scale` pixels; 0 enlarges small frames until both sides have SMALLEST.

    Where a frame of a GIF or WebP equals the one before, its first pixel is changed by as little as the format can:
    else both would become one frame.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = (_enlarge(frame, scale) for frame in frames)
    if path.suffix.lower() == ".mp4":
        _write_mp4(path, map(_colour, frames), fps)
    else:
        images = (Image.fromarray(_pixels(frame)) for frame in frames)
        if path.suffix.lower() == ".gif":
            images = (image if image.mode == "L" else image.convert("RGB").quantize(256) for image in images)
        first, *others = _tell_apart(images)
        exact: dict[str, Any] = {"lossless": True} if path.suffix.lower() == ".webp" else {}
        first.save(path, save_all=True, append_images=others, duration=round(1000 / fps), loop=0, **exact)
    return path


def _tell_apart(images: Iterator[Image.Image]) -> Iterator[Image.Image]:
    """Yield the images, each unlike the one before."""
    before = None
    for image in images:
        if before is not None and image == before:
            image.putpixel((0, 0), _nearest(image))
        yield image
        before = image


def _nearest(image: Image.Image) -> int | tuple[int, ...]:
    """Return another value for the first pixel, near to it: of the palette, if there is one."""
    here: Any = image.getpixel((0, 0))
    if image.mode != "P":
        return here ^ 1 if isinstance(here, int) else (here[0] ^ 1, *here[1:])
    colours = np.array(image.getpalette(), dtype=int).reshape(-1, 3)
    apart = abs(colours - colours[here]).sum(axis=1)
    apart[apart == 0] = 3 * 256
    return int(apart.argmin())


def _enlarge(frame: Tensor, scale: int) -> Tensor:
    times = scale or math.ceil(SMALLEST / min(frame.shape[1:]))
    return frame.repeat_interleave(times, 1).repeat_interleave(times, 2)


def _pixels(frame: Tensor) -> NDArray[np.uint8]:
    """uint8 (C, H, W) -> (H, W), or (H, W, C) in colour."""
    rows = frame.permute(1, 2, 0).contiguous().cpu().numpy()
    return rows[:, :, 0] if rows.shape[2] == 1 else rows


def _colour(frame: Tensor) -> NDArray[np.uint8]:
    """uint8 (C, H, W) -> RGB (H', W', 3) with even sides, as the pixel format of MP4 asks."""
    x = pad(frame, (0, frame.shape[2] % 2, 0, frame.shape[1] % 2), value=255)
    return _pixels(x[:3] if len(x) >= 3 else x[:1].expand(3, -1, -1))


def _write_mp4(path: Path, frames: Iterator[NDArray[np.uint8]], fps: int) -> None:
    import av  # an extra

    first = next(frames)
    with av.open(str(path), "w") as film:
        stream = film.add_stream("libx264", rate=fps, options={"crf": "16"})
        stream.height, stream.width = first.shape[:2]
        stream.pix_fmt = "yuv420p"  # the only one that all browsers play
        for pixels in chain([first], frames):
            film.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        film.mux(stream.encode())
