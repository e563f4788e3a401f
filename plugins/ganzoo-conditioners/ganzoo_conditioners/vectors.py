"""Labels that are vectors: angles, ages, attributes. A numbers a label, E embedding, F features."""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

import ganzoo
from ganzoo_conditioners.labels import Logit, NoMaps, add_product


class Embedding(nn.Module):
    """Label vectors y (N, A), or (N, ...) of A numbers each, -> (N, E), by a hidden layer of `width`."""

    def __init__(self, length: int, width: int, dim: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(length, width), nn.ReLU(), nn.Linear(width, dim))

    def forward(self, y: Tensor) -> Tensor:
        """y (N, ...) -> (N, E)."""
        c: Tensor = self.layers(y.flatten(1))
        return c


class Planes(nn.Module):
    """Label vectors y (N, ...) of A numbers each -> planes (N, A, *size), each of one number."""

    def __init__(self, channels: int, size: tuple[int, ...]) -> None:
        super().__init__()
        self.channels, self.size = channels, size

    def forward(self, y: Tensor) -> Tensor:
        """y (N, ...) -> (N, A, *size)."""
        return y.reshape(y.shape[0], -1, *[1] * len(self.size)).expand(-1, -1, *self.size)


class VectorHead(nn.Module):
    """(features (N, ..., F), y (N, ...)) -> Verdict of logits, to which the product with the label may be added."""

    def __init__(self, feature_dim: int, embed: nn.Module | None) -> None:
        super().__init__()
        self.logit, self.embed = Logit(feature_dim), embed

    def forward(self, h: Tensor, y: Tensor) -> ganzoo.Verdict:
        """h (N, ..., F), y (N, ...) -> Verdict."""
        logits = self.logit(h)
        return ganzoo.Verdict(logits if self.embed is None else add_product(logits, h, self.embed(y)))


@dataclass(frozen=True)
class LabelVectors(ganzoo.Conditioner):
    """Condition on vectors, such as angles or ages, embedded by small networks. Ding et al. 2021, arXiv:2011.07466.

    G(z, e(y)), and D's logit gets the product of features and v(y), `way = "projection"`, or D([x, y]) its numbers as
    planes, `way = "planes"`, as in `cgan` (arXiv:1411.1784).

    e and v have one hidden layer and learn with G and D. Departs from CcGAN: its label network is trained beforehand,
    on a regression of the labels, and its vicinal losses, which let neighbours of a label count as samples of it, are
    not here. Labels should lie near [-1, 1]: they are taken as the data have them.
    """

    takes = "vectors"
    model_initialises_head = True
    embedding_dim: ganzoo.Width = 32
    """Dimensions of the embedding of a label for G."""
    width: ganzoo.Width = 128
    """Features of the hidden layer of both label networks."""
    way: Literal["projection", "planes"] = "projection"
    """Way of the label into D."""

    def generator_embedding(self, num_classes: int) -> nn.Module:
        return Embedding(num_classes, self.width, self.embedding_dim)

    def discriminator_input(self, num_classes: int, shape: tuple[int, ...]) -> nn.Module:
        return Planes(num_classes, shape[1:]) if self.way == "planes" else NoMaps(shape[1:])

    def discriminator_head(self, feature_dim: int, num_classes: int) -> nn.Module:
        projects = self.way == "projection"
        return VectorHead(feature_dim, Embedding(num_classes, self.width, feature_dim) if projects else None)
