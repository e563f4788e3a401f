"""Three digits as the channels of one image: a thousand modes that can be counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from annotated_types import Ge, Le
from torch import Tensor

from ganzoo.builtin.datasets.digits import Digits
from ganzoo.contracts import Dataset, Samples
from ganzoo.data.decoding import ImageSize
from ganzoo.settings.options import Seed

MODES = 1000


@dataclass(frozen=True)
class StackedDigits(Dataset):
    """Three of the shipped digits as red, green and blue: 1,000 classes, the digits read as one number. Offline.

    The construction of stacked MNIST, Metz et al. 2016 (arXiv:1611.02163, section 3.3.1), on which VEEGAN
    (arXiv:1705.07761) and PacGAN (arXiv:1712.04086) count modes; with the digits of `digits`, not with those of
    MNIST, so the numbers of modes are for comparing runs with each other, not with the literature.

    `image_size`: height and width in pixels. `count`: images, equally many of each class to within one. `seed`: which
    digits are stacked; another one is a fresh draw.
    """

    image_size: ImageSize = 16
    count: Annotated[int, Ge(MODES), Le(200_000)] = 10_000
    seed: Seed = 0

    default_features: ClassVar[str] = "stacked-digits"

    def load(self) -> Samples:
        """Return uint8 (count, 3, S, S), 1,000 classes."""
        digits = Digits(self.image_size).load()
        assert isinstance(digits.x, Tensor)  # they are in memory
        generator = torch.Generator().manual_seed(self.seed)
        y = torch.randperm(self.count, generator=generator) % MODES
        channels = [digits.x[_draw(y // power % 10, digits.y, generator), 0] for power in (100, 10, 1)]
        return Samples(torch.stack(channels, dim=1), y, tuple(f"{mode:03d}" for mode in range(MODES)))


def _draw(wanted: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
    """Draw a random image of each wanted class: classes (N,) in [0, 10), labels (M,) of all images -> index (N,)."""
    counts = labels.bincount(minlength=10)
    first = counts.cumsum(0) - counts  # position of each class among the images sorted by class
    offset = (torch.rand(len(wanted), generator=generator, dtype=torch.float64) * counts[wanted]).long()
    return labels.argsort(stable=True)[first[wanted] + offset]
