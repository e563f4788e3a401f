"""Parts that these conditioners share: no label maps, and heads with more outputs. N batch, F features, K classes."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

import ganzoo


class NoMaps(nn.Module):
    """y (N, ...) -> planes (N, 0, *size): D's input is the sample alone."""

    def __init__(self, size: tuple[int, ...]) -> None:
        super().__init__()
        self.channels, self.size = 0, size

    def forward(self, y: Tensor) -> Tensor:
        """y (N, ...) -> (N, 0, *size)."""
        return torch.zeros(y.shape[0], 0, *self.size, device=y.device)


class Logit(nn.Module):
    """Features (N, ..., F) -> logits (N, ...), without the label: a patch has a logit of its own."""

    def __init__(self, feature_dim: int) -> None:
        super().__init__()
        self.linear = nn.Linear(feature_dim, 1)

    def forward(self, h: Tensor) -> Tensor:
        """h (N, ..., F) -> (N, ...)."""
        logits: Tensor = self.linear(h).squeeze(-1)
        return logits


def add_product(logits: Tensor, h: Tensor, v: Tensor) -> Tensor:
    """Add to logits (N, ...) the inner products of features h (N, ..., F) and one vector v (N, F) per sample."""
    return logits + (h * v.reshape(len(v), *[1] * (h.ndim - 2), -1)).sum(dim=-1)


def per_sample(h: Tensor) -> Tensor:
    """Return features (N, F): the mean over the patches of features (N, P, F), and others as they are."""
    return h if h.ndim == 2 else h.flatten(1, -2).mean(dim=1)


@dataclass(frozen=True)
class ByHead(ganzoo.Conditioner):
    """A conditioner that embeds classes into G's input, and reaches D through its head alone."""

    model_initialises_head = True
    embedding_dim: ganzoo.Width = 32
    """Dimensions of the embedding of a label."""

    def generator_embedding(self, num_classes: int) -> nn.Module:
        return nn.Embedding(num_classes, self.embedding_dim)

    def discriminator_input(self, num_classes: int, shape: tuple[int, ...]) -> nn.Module:
        return NoMaps(shape[1:])
