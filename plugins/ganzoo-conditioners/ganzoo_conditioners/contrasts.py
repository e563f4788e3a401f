"""Losses on the sphere: each sample is compared with the proxy of its class, and with other samples of the batch."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Annotated

import torch
from annotated_types import Ge, Le
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

import ganzoo
from ganzoo_conditioners.labels import ByHead, Logit, per_sample


class Sphere(nn.Module):
    """(features (N, ..., F), y (N,)) -> Verdict: unit embeddings (N, A), and their cosines with K proxies (N, K)."""

    def __init__(self, feature_dim: int, num_classes: int, sphere_dim: int) -> None:
        super().__init__()
        self.logit, self.embed = Logit(feature_dim), nn.Linear(feature_dim, sphere_dim)
        self.proxies = nn.Embedding(num_classes, sphere_dim)

    def forward(self, h: Tensor, y: Tensor) -> ganzoo.Verdict:
        """h (N, ..., F), y (N,) -> Verdict."""
        e, proxies = normalize(self.embed(per_sample(h))), normalize(self.proxies.weight)
        return ganzoo.Verdict(self.logit(h), e @ proxies.T, embedding=e)


def compare(verdict: ganzoo.Verdict, y: Tensor) -> tuple[Tensor, Tensor]:
    """Return the cosines of samples with the proxies of their classes y (N,), (N, 1), and with each other, (N, N)."""
    assert verdict.class_logits is not None and verdict.embedding is not None  # the head above gives both
    return verdict.class_logits.gather(1, y[:, None]), verdict.embedding @ verdict.embedding.T


@dataclass(frozen=True)
class _Contrast(ByHead):
    """A loss of the cosines, of reals for D and of fakes for G."""

    sphere_dim: ganzoo.Width = 128
    """Dimensions A of the embedding of a sample, and of the proxy of a class."""

    def discriminator_head(self, feature_dim: int, num_classes: int) -> nn.Module:
        return Sphere(feature_dim, num_classes, self.sphere_dim)

    def discriminator_auxiliary(self, *, real: ganzoo.Verdict, fake: ganzoo.Verdict, y: Tensor) -> Tensor:
        return self.auxiliary_loss(real, y)  # fakes count for G alone

    @abstractmethod
    def auxiliary_loss(self, verdict: ganzoo.Verdict, y: Tensor) -> Tensor:
        """Return the loss of a batch with labels y (N,), a scalar."""


@dataclass(frozen=True)
class DataToDataCrossEntropy(_Contrast):
    """Draw samples to the proxy of their class, away from other classes. Kang et al. 2021, arXiv:2111.01118 (ReACGAN).

    -log(exp([f v - m]_- / t) / (exp([f v - m]_- / t) + sum_j exp([f f_j - (1 - m)]_+ / t))), D2D-CE

    f is the unit embedding of a sample, v the unit proxy of its class, f_j are those of the batch of other classes;
    [x]_- = min(x, 0), [x]_+ = max(x, 0); t is `temperature`, m `margin`. `weight` times its mean over reals is added to
    D's loss, over fakes to G's. With several ranks f_j come from the share of one.
    """

    weight: ganzoo.NonNegativeFloat = 0.5
    """Weight of the loss, lambda."""
    temperature: ganzoo.PositiveFloat = 0.5
    """Cosines are divided by it, tau."""
    margin: Annotated[float, Ge(0), Le(1)] = 0.98
    """Cosine with its proxy above which a sample is drawn no more; one minus it is that with other classes."""

    def auxiliary_loss(self, verdict: ganzoo.Verdict, y: Tensor) -> Tensor:
        """Return the loss of a batch with labels y (N,), a scalar: 0 if all have one class."""
        own, others = compare(verdict, y)
        own, others = (own - self.margin).clamp(max=0), (others - (1 - self.margin)).clamp(min=0)
        logits = torch.cat([own, others.masked_fill(y[:, None] == y, -torch.inf)], dim=1) / self.temperature
        return self.weight * cross_entropy(logits, torch.zeros_like(y))  # column 0 is the proxy


@dataclass(frozen=True)
class ConditionalContrast(_Contrast):
    """Draw samples to their proxy and to samples of their class. Kang and Park 2020, arXiv:2006.12681, 2C loss.

    -log((exp(l e / t) + sum_same exp(l l_k / t)) / (exp(l e / t) + sum_all exp(l l_k / t)))

    l is the unit embedding of a sample, e the unit proxy of its class, l_k are the other samples of the batch, `same`
    those of its class; t is `temperature`. `weight` times its mean over reals is added to D's loss, over fakes to G's.
    With several ranks l_k come from the share of one.
    """

    weight: ganzoo.NonNegativeFloat = 1.0
    """Weight of the loss, lambda."""
    temperature: ganzoo.PositiveFloat = 1.0
    """Cosines are divided by it."""

    def auxiliary_loss(self, verdict: ganzoo.Verdict, y: Tensor) -> Tensor:
        """Return the loss of a batch with labels y (N,), a scalar: 0 if all have one class."""
        own, others = compare(verdict, y)
        itself = torch.eye(len(y), dtype=torch.bool, device=y.device)
        every = torch.cat([own, others.masked_fill(itself, -torch.inf)], dim=1) / self.temperature
        other_class = torch.cat([torch.zeros_like(itself[:, :1]), y[:, None] != y], dim=1)
        same = every.masked_fill(other_class, -torch.inf)
        return self.weight * (every.logsumexp(dim=1) - same.logsumexp(dim=1)).mean()
