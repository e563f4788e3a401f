"""The digits that ship with ganzoo, so that a first run needs no download.

`digits.npz` was made with scikit-learn, which ganzoo does not need; licence in `digits.LICENSE`:

    import numpy as np
    from sklearn.datasets import load_digits

    d = load_digits()
    np.savez_compressed("digits.npz", images=d.images.astype(np.uint8), labels=d.target.astype(np.uint8))
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from ganzoo.contracts import Dataset, Samples
from ganzoo.data.decoding import ImageSize, resize_images

CLASS_NAMES = tuple("0123456789")
MAX_INK = 16  # each of the 8x8 values is the number of inked pixels in a block of 4x4


@dataclass(frozen=True)
class Digits(Dataset):
    """1,797 handwritten digits, 8x8 grey, shipped with ganzoo: works offline.

    The test set of Optical Recognition of Handwritten Digits (Alpaydin and Kaynak 1998, UCI Machine
    Learning Repository, doi:10.24432/C50P49, CC BY 4.0).

    `image_size`: height and width in pixels, to which the 8x8 images are enlarged.
    """

    image_size: ImageSize = 32

    default_features: ClassVar[str] = "digits-cnn"
    licence: ClassVar[str] = "CC-BY-4.0"
    source: ClassVar[str] = "doi:10.24432/C50P49"

    def load(self) -> Samples:
        """Return uint8 (1797, 1, S, S), 10 classes."""
        images, y = read_digits()
        grey = (images.float() * (255 / MAX_INK)).round().to(torch.uint8)
        return Samples(resize_images(grey.unsqueeze(1), self.image_size), y, CLASS_NAMES)


def read_digits() -> tuple[Tensor, Tensor]:
    """Return the shipped images, uint8 (1797, 8, 8) in [0, 16], and labels, int64 (1797,)."""
    return read_shipped("digits.npz")


def read_shipped(name: str) -> tuple[Tensor, Tensor]:
    """Return the images, uint8 (N, H, W), and the labels, int64 (N,), of a file that ships with ganzoo."""
    with (files("ganzoo.builtin.datasets") / name).open("rb") as file:
        arrays = np.load(file, allow_pickle=False)
        return torch.from_numpy(arrays["images"]), torch.from_numpy(arrays["labels"]).long()
