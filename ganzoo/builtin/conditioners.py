"""Conditioners bring labels to both networks. N batch, E embedding, F features, K classes, L label channels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot

from ganzoo.contracts import Conditioner, Verdict
from ganzoo.hookspecs import hookimpl
from ganzoo.settings.options import NonNegativeFloat, PositiveFloat, Width


class NoEmbedding(nn.Module):
    """y (N,) -> c (N, 0): concatenating it changes nothing."""

    def forward(self, y: Tensor) -> Tensor:
        """y (N,) -> (N, 0)."""
        return torch.zeros(y.shape[0], 0, device=y.device)


class LabelMaps(nn.Module):
    """y (N,) -> one-hot planes (N, L, *size) with L = K; no planes with L = 0."""

    def __init__(self, channels: int, size: tuple[int, ...]) -> None:
        super().__init__()
        self.channels, self.size = channels, size

    def forward(self, y: Tensor) -> Tensor:
        """y (N,) -> (N, L, *size)."""
        shape = (y.shape[0], self.channels, *self.size)
        if self.channels == 0:
            return torch.zeros(shape, device=y.device)
        planes = one_hot(y, self.channels).float()  # (N, K)
        return planes.reshape(y.shape[0], self.channels, *[1] * len(self.size)).expand(shape)


class Head(nn.Module):
    """(features (N, ..., F), y (N,)) -> Verdict of logits (N, ...), each linear; perhaps with projection or classifier.

    The classifier reads the mean of the features of each sample.
    """

    def __init__(self, feature_dim: int, embed: nn.Module | None = None, classify: nn.Module | None = None) -> None:
        super().__init__()
        self.linear = nn.Linear(feature_dim, 1)
        self.embed, self.classify = embed, classify

    def forward(self, h: Tensor, y: Tensor) -> Verdict:
        """h (N, ..., F), y (N,) -> Verdict."""
        logits = self.linear(h).squeeze(-1)  # (N, ..., F) -> (N, ...)
        if self.embed is not None:
            v = self.embed(y)  # (N, F)
            logits = logits + (v.reshape(len(v), *[1] * (h.ndim - 2), -1) * h).sum(dim=-1)
        if self.classify is None:
            return Verdict(logits)
        return Verdict(logits, self.classify(h if h.ndim == 2 else h.flatten(1, -2).mean(dim=1)))


class _HeadOnly(Conditioner):
    """A conditioner whose labels reach D through its head, not through its input."""

    model_initialises_head = True

    def discriminator_input(self, num_classes: int, shape: tuple[int, ...]) -> nn.Module:
        return LabelMaps(0, shape[1:])


def _draw_embedding(num_classes: int, dim: int, std: float) -> nn.Embedding:
    """Return a module y (N,) -> c (N, dim) with weights drawn from N(0, std)."""
    embedding = nn.Embedding(num_classes, dim)  # N(0, 1)
    with torch.no_grad():
        embedding.weight *= std
    return embedding


@dataclass(frozen=True)
class Unconditional(_HeadOnly):
    """Ignore the labels.

    Nobody's invention.
    """

    needs_labels = False
    embedding_dim: ClassVar[int] = 0  # type: ignore[misc]

    def generator_embedding(self, num_classes: int) -> nn.Module:
        return NoEmbedding()

    def discriminator_head(self, feature_dim: int, num_classes: int) -> nn.Module:
        return Head(feature_dim)


@dataclass(frozen=True)
class ConditionalGAN(Conditioner):
    """Embed the label into G's input and append one-hot label maps to D's. Mirza and Osindero 2014, arXiv:1411.1784.

    G(z, e(y)) and D([x, maps(y)]), arXiv:1411.1784, Eq. 2.
    """

    model_initialises_head = True
    embedding_dim: Width = 32
    """Dimensions of the embedding of a label."""
    embedding_std: PositiveFloat = 1.0
    """Standard deviation of the embedding before training; that of a latent is 1."""

    def generator_embedding(self, num_classes: int) -> nn.Module:
        return _draw_embedding(num_classes, self.embedding_dim, self.embedding_std)

    def discriminator_input(self, num_classes: int, shape: tuple[int, ...]) -> nn.Module:
        return LabelMaps(num_classes, shape[1:])

    def discriminator_head(self, feature_dim: int, num_classes: int) -> nn.Module:
        return Head(feature_dim)


@dataclass(frozen=True)
class Projection(_HeadOnly):
    """Add the inner product of features and label embedding to the logit. Miyato and Koyama 2018, arXiv:1802.05637.

    D(x, y) = v(y)^T phi(x) + psi(phi(x)), arXiv:1802.05637, Eq. 3.
    """

    embedding_dim: Width = 32
    """Dimensions of the embedding of a label."""
    embedding_std: PositiveFloat = 1.0
    """Standard deviation of the embedding before training; that of a latent is 1."""

    def generator_embedding(self, num_classes: int) -> nn.Module:
        return _draw_embedding(num_classes, self.embedding_dim, self.embedding_std)

    def discriminator_head(self, feature_dim: int, num_classes: int) -> nn.Module:
        embed = nn.Embedding(num_classes, feature_dim)
        nn.init.xavier_uniform_(embed.weight)  # N(0, 1), torch's default, would drown psi in noise
        return Head(feature_dim, embed=embed)


@dataclass(frozen=True)
class AuxiliaryClassifier(_HeadOnly):
    """D also names the class, and both players profit. Odena et al. 2017, arXiv:1610.09585, Eq. 2-3.

    `weight` times the cross-entropy of the class is added to D's loss on real and fake, and to G's on fake.
    The defaults are the paper's; the recipe `acgan` sets `fakes` and `embedding_std`, without which small runs make
    one picture of each class, and wrong ones: docs/diagnosis.md.
    """

    embedding_dim: Width = 32
    """Dimensions of the embedding of a label."""
    weight: NonNegativeFloat = 1.0
    fakes: bool = True
    """Teach D's classifier generated samples too, by the label that G was given, whatever they show."""
    embedding_std: PositiveFloat = 1.0
    """Standard deviation of the embedding before training; that of a latent is 1."""

    def generator_embedding(self, num_classes: int) -> nn.Module:
        return _draw_embedding(num_classes, self.embedding_dim, self.embedding_std)

    def discriminator_head(self, feature_dim: int, num_classes: int) -> nn.Module:
        return Head(feature_dim, classify=nn.Linear(feature_dim, num_classes))

    def auxiliary_loss(self, verdict: Verdict, y: Tensor) -> Tensor:
        assert verdict.class_logits is not None  # the head above has a classifier
        return self.weight * cross_entropy(verdict.class_logits, y)

    def discriminator_auxiliary(self, *, real: Verdict, fake: Verdict, y: Tensor) -> Tensor:
        if self.fakes:
            return super().discriminator_auxiliary(real=real, fake=fake, y=y)
        return self.auxiliary_loss(real, y)


@hookimpl
def register_conditioners() -> Mapping[str, type[Conditioner]]:
    """Return the conditioners that ship with ganzoo."""
    return {
        "acgan": AuxiliaryClassifier,
        "cgan": ConditionalGAN,
        "none": Unconditional,
        "projection": Projection,
    }
