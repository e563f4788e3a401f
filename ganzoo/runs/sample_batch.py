"""Samples as a tensor that a notebook draws."""

from __future__ import annotations

import io
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from ganzoo.data.drawing import draw_each
from ganzoo.data.images import draw_points, make_grid

_DRAWN = 256
"""Images of a batch that are drawn at most."""
_SIDE = 600
"""Pixels of the longer side of a picture, at least: small images are enlarged by a whole number."""


class SampleBatch(Tensor):
    """New samples (N, *shape), images as uint8 (N, C, H, W): a tensor, which a notebook draws as a grid.

    What is computed from it is a tensor; a part of it, `x[:8]`, is drawn too.
    """

    labels: Tensor
    """Numbers of their classes, int64 (N,); a part of the samples has none."""

    @classmethod
    def of(cls, x: Tensor, labels: Tensor) -> SampleBatch:
        """Return samples with their labels."""
        batch = x.as_subclass(cls)
        batch.labels = labels
        return batch

    def __getitem__(self, key: Any) -> Tensor:
        return Tensor.__getitem__(self.plain(), key).as_subclass(SampleBatch)

    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]  # that of a Parameter

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.plain().__reduce_ex__(protocol)  # type: ignore[no-untyped-call]  # torch.load reads plain tensors alone

    def plain(self) -> Tensor:
        """Return the same numbers as a tensor without pictures."""
        return self.as_subclass(Tensor)

    def image(self) -> Image.Image:
        """Return one picture: a grid of images or other samples (N, C, H, W), or points. Raises EvaluationError."""
        x = self.plain().detach().cpu()
        x = x[None] if x.ndim == 3 and x.dtype == torch.uint8 else x
        return to_picture(make_grid(draw_each(x[:_DRAWN])) if x.ndim >= 4 else draw_points(x))

    def _repr_png_(self) -> bytes | None:
        is_image = self.ndim >= 4 or (self.dtype == torch.uint8 and self.ndim == 3 and self.shape[0] <= 4)
        is_plane = self.is_floating_point() and self.ndim == 2 and self.shape[1] == 2
        return to_png(self.image()) if self.numel() and (is_image or is_plane) else None


def to_picture(x: Tensor) -> Image.Image:
    """Turn uint8 (C, H, W) into a picture, enlarged without smoothing to at least 600 pixels."""
    pixels = x.permute(1, 2, 0).squeeze(2) if len(x) == 1 else x.permute(1, 2, 0)
    return enlarge(Image.fromarray(pixels.contiguous().numpy()))


def enlarge(picture: Image.Image) -> Image.Image:
    """Return a picture enlarged by a whole number, without smoothing, to at least 600 pixels."""
    scale = -(-_SIDE // max(picture.size))
    if scale == 1:
        return picture
    return picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.NEAREST)


def to_png(picture: Image.Image) -> bytes:
    """Return a picture as the bytes of a PNG file."""
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()
