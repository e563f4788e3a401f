"""A dataset made on the spot."""

from dataclasses import dataclass

import torch

from ganzoo.contracts import Dataset, Samples


@dataclass(frozen=True)
class Stripes(Dataset):
    """64 images of two classes, vertical and horizontal stripes, made on the spot; nobody's invention."""

    image_size: int = 8
    channels: int = 1

    def load(self) -> Samples:
        size = self.image_size
        ramp = (torch.arange(size) % 4 * 80).to(torch.uint8)
        vertical, horizontal = ramp.expand(size, size), ramp[:, None].expand(size, size)
        x = torch.stack([vertical, horizontal] * 32)[:, None].repeat(1, self.channels, 1, 1)
        return Samples(x, torch.arange(64) % 2, ("vertical", "horizontal"))
