"""The part of MNIST that ships with ganzoo, so that a first run needs no download.

`mnist-5k.npz` was made from the training set, licence in `mnist-5k.LICENSE`:

    import numpy as np
    from torchvision.datasets import MNIST

    data = MNIST("data", download=True)
    rows = np.sort(np.concatenate([np.flatnonzero(data.targets == label)[:500] for label in range(10)]))
    np.savez_compressed("mnist-5k.npz", images=data.data.numpy()[rows], labels=data.targets.numpy()[rows].astype("u1"))
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ganzoo.builtin.datasets.digits import CLASS_NAMES, read_shipped
from ganzoo.contracts import Dataset, Samples
from ganzoo.data.decoding import ImageSize, resize_images


@dataclass(frozen=True)
class MNIST5k(Dataset):
    """5,000 handwritten digits of MNIST, 28x28 grey, shipped with ganzoo: works offline.

    The first 500 of each class in the training set of LeCun, Bottou, Bengio and Haffner 1998,
    doi:10.1109/5.726791, CC BY-SA 3.0. The whole set is `mnist`.

    `image_size`: height and width in pixels.
    """

    image_size: ImageSize = 28

    default_features: ClassVar[str] = "digits-cnn"
    licence: ClassVar[str] = "CC-BY-SA-3.0"
    source: ClassVar[str] = "doi:10.1109/5.726791"

    def load(self) -> Samples:
        """Return uint8 (5000, 1, S, S), 10 classes."""
        images, y = read_shipped("mnist-5k.npz")
        return Samples(resize_images(images.unsqueeze(1), self.image_size), y, CLASS_NAMES)
