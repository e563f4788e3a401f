"""The pixels of images as their features, for metrics that read images themselves."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import interpolate

import ganzoo

SIZE = 32
"""Height and width of the images that the rows hold."""


@dataclass(frozen=True)
class Pixels(ganzoo.FeatureExtractor):
    """Pixels in [-1, 1] at 32 x 32, grey (1,024 numbers) or colour (3,072); no network.

    Nobody's invention. `cas` and `swd` read them. The cache holds their covariance and its root: 75 MB each, and some
    ten seconds once, of colour images.
    """

    ships: ClassVar[bool] = True

    def load(self, device: torch.device) -> ganzoo.Extractor:
        fingerprint = {"weights": "none", "resize": f"bilinear, antialiased, to {SIZE}", "dtype": "float32"}
        return ganzoo.Extractor("pixels", fingerprint, extract)


@torch.no_grad()
def extract(images: Tensor) -> ganzoo.Features:
    """uint8 (N, C, H, W), C 1 or 3 -> rows (N, C * 32 * 32) in [-1, 1]. Raises EvaluationError for other channels."""
    if images.shape[1] not in (1, 3):
        what = f"pixels reads grey and colour images; these have {images.shape[1]} channels"
        raise ganzoo.EvaluationError(what, hint="--metrics fid,kid")
    x = images.float() / 127.5 - 1
    if x.shape[2:] != (SIZE, SIZE):
        x = interpolate(x, (SIZE, SIZE), mode="bilinear", antialias=True, align_corners=False)
    return ganzoo.Features(x.flatten(1))


def require_images(features: ganzoo.FeatureSet) -> None:
    """Raise EvaluationError unless the rows are those of the extractor above."""
    if features.rows.shape[1] not in (SIZE**2, 3 * SIZE**2):
        what = f"it reads pixels of {SIZE} x {SIZE} images, and a row has {features.rows.shape[1]} numbers"
        raise ganzoo.EvaluationError(what, hint="the features named pixels")


def as_images(rows: Tensor) -> Tensor:
    """Rows (N, C * 32 * 32) -> images (N, C, 32, 32)."""
    return rows.reshape(len(rows), -1, SIZE, SIZE)
