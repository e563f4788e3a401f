"""The networks of BigGAN and BigGAN-deep. arXiv:1809.11096, Appendix B.

Shape letters: N batch, C channels, H, W height and width, Z latent, E label embedding, F features.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from ganzoo import Rectifier
from ganzoo_biggan.attention import SelfAttention
from ganzoo_biggan.blocks import DeepDownBlock, DeepUpBlock, DownBlock, UpBlock

SMALLEST = 4
"""Side in pixels of the map that G starts from."""


class Generator(nn.Module):
    """(z (N, Z), c (N, E)) -> images (N, C, H, W) in [-1, 1]: a linear layer, then `blocks`, some of which take labels.

    With several `chunks`, z is cut into as many equal parts: the first enters the linear layer, and each of the others
    joins c on the way to one block. With one, all of z and c enter everywhere.
    """

    def __init__(self, start: tuple[int, int], chunks: int, blocks: Iterable[nn.Module], last: tuple[int, int]) -> None:
        super().__init__()
        enter, width = start
        self.chunks = chunks
        self.project = nn.Linear(enter, width * SMALLEST**2)
        self.blocks = nn.ModuleList(blocks)
        self.norm, self.rectify = nn.BatchNorm2d(last[0]), Rectifier()
        self.to_image = nn.Conv2d(*last, 3, padding=1)
        initialise(self)

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        """z (N, Z), c (N, E) -> (N, C, H, W)."""
        parts = z.chunk(self.chunks, dim=1)
        conditions = [torch.cat([part, c], dim=1) for part in parts]
        h = self.project(parts[0] if self.chunks > 1 else conditions[0]).reshape(z.shape[0], -1, SMALLEST, SMALLEST)
        ahead = iter(conditions[1:])
        for block in self.blocks:
            if isinstance(block, SelfAttention):
                h = block(h)
            else:
                h = block(h, next(ahead) if self.chunks > 1 else conditions[0])
        return torch.tanh(self.to_image(self.rectify(self.norm(h))))


class Discriminator(nn.Module):
    """Images (N, C, H, W) -> features (N, F): the sum over the last map. No norm: `--lipschitz sn` bounds it."""

    def __init__(self, blocks: Iterable[nn.Module], feature_dim: int) -> None:
        super().__init__()
        self.body = nn.Sequential(*blocks)
        self.rectify, self.feature_dim = Rectifier(), feature_dim
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, H, W) -> (N, F)."""
        h: Tensor = self.rectify(self.body(x))
        return h.sum(dim=(2, 3))


def up_blocks(widths: Sequence[int], condition: int, attend_at: int) -> list[nn.Module]:
    """Return G's blocks, one for each doubling, and the attention after that which reaches its size."""
    blocks: list[nn.Module] = []
    for i, (a, b) in enumerate(pairwise(widths)):
        blocks += [UpBlock(a, b, condition), *_attend(b, SMALLEST * 2 ** (i + 1), attend_at)]
    return blocks


def deep_up_blocks(widths: Sequence[int], condition: int, attend_at: int) -> list[nn.Module]:
    """Return G's blocks, two for each doubling, of which the second doubles."""
    blocks: list[nn.Module] = []
    for i, (a, b) in enumerate(pairwise(widths)):
        blocks += [DeepUpBlock(a, a, condition, up=False), DeepUpBlock(a, b, condition, up=True)]
        blocks += _attend(b, SMALLEST * 2 ** (i + 1), attend_at)
    return blocks


def down_blocks(channels: int, widths: Sequence[int], halvings: int, size: int, attend_at: int) -> list[nn.Module]:
    """Return D's blocks, of which the first `halvings` halve, and the attention after that which reaches its size."""
    blocks: list[nn.Module] = []
    for i, (a, b) in enumerate(pairwise([channels, *widths])):
        blocks.append(DownBlock(a, b, down=i < halvings, first=i == 0))
        if i < halvings:
            blocks += _attend(b, size // 2 ** (i + 1), attend_at)
    return blocks


def deep_down_blocks(channels: int, widths: Sequence[int], halvings: int, size: int, attend_at: int) -> list[nn.Module]:
    """Return a convolution and D's blocks in pairs, of which the first halves: the reflection of G's."""
    blocks: list[nn.Module] = [nn.Conv2d(channels, widths[0], 3, padding=1)]
    for i, (a, b) in enumerate(pairwise(widths)):
        blocks += [DeepDownBlock(a, b, down=i < halvings), DeepDownBlock(b, b, down=False)]
        if i < halvings:
            blocks += _attend(b, size // 2 ** (i + 1), attend_at)
    return blocks


def _attend(channels: int, size: int, attend_at: int) -> list[nn.Module]:
    return [SelfAttention(channels)] if size == attend_at else []


def initialise(network: nn.Module) -> None:
    """Draw orthogonal weights (Saxe et al. 2014, arXiv:1312.6120), biases 0. arXiv:1809.11096, Sec. 3."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.orthogonal_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
