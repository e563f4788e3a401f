"""Auxiliary classifiers that know more than the class: real or fake, a twin for fakes, margins."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot, relu

import ganzoo
from ganzoo_conditioners.labels import ByHead, Logit, add_product, per_sample


class JointHead(nn.Module):
    """(features (N, ..., F), y (N,)) -> Verdict: logits of 2 K outcomes, "real and of class k", then "fake and of k".

    Both lie side by side in `embedding` (N, 2 K); class logits (N, K) are those of "of class k", real or fake.
    """

    def __init__(self, feature_dim: int, num_classes: int) -> None:
        super().__init__()
        self.logit, self.classify = Logit(feature_dim), nn.Linear(feature_dim, 2 * num_classes)

    def forward(self, h: Tensor, y: Tensor) -> ganzoo.Verdict:
        """h (N, ..., F), y (N,) -> Verdict."""
        joint = self.classify(per_sample(h))
        return ganzoo.Verdict(self.logit(h), torch.logaddexp(*joint.chunk(2, dim=1)), embedding=joint)


@dataclass(frozen=True)
class DiscriminativeClassifier(ByHead):
    """The classifier tells real and fake samples of a class apart. Hou et al. 2022, arXiv:2107.10060 (ADC-GAN).

    L_D += -E log C(real, y | x) - E log C(fake, y | G(z, y));  L_G += E log C(fake, y | G) - E log C(real, y | G)

    C is a classifier of 2 K outcomes. The best G for it has the distribution of the data, with their labels; that of
    AC-GAN has the most typical samples of each class. Both terms have a weight.
    """

    weight_d: ganzoo.NonNegativeFloat = 1.0
    """Weight in D's loss."""
    weight_g: ganzoo.NonNegativeFloat = 1.0
    """Weight in G's loss."""

    def discriminator_head(self, feature_dim: int, num_classes: int) -> nn.Module:
        return JointHead(feature_dim, num_classes)

    def discriminator_auxiliary(self, *, real: ganzoo.Verdict, fake: ganzoo.Verdict, y: Tensor) -> Tensor:
        assert real.embedding is not None and fake.embedding is not None  # the head above gives it
        num_classes = real.embedding.shape[1] // 2
        of_reals, of_fakes = cross_entropy(real.embedding, y), cross_entropy(fake.embedding, y + num_classes)
        return self.weight_d * (of_reals + of_fakes)

    def generator_auxiliary(self, *, fake: ganzoo.Verdict, y: Tensor) -> Tensor:
        """Return the mean of "fake and of class y" less "real and of class y": their normaliser is the same."""
        assert fake.embedding is not None  # the head above gives it
        of_real, of_fake = (part.gather(1, y[:, None]) for part in fake.embedding.chunk(2, dim=1))
        return self.weight_g * (of_fake - of_real).mean()


class TwinHead(nn.Module):
    """(features (N, ..., F), y (N,)) -> Verdict: class logits (N, K), and those of the twin in `embedding` (N, K)."""

    def __init__(self, feature_dim: int, num_classes: int) -> None:
        super().__init__()
        self.logit = Logit(feature_dim)
        self.classify, self.twin = nn.Linear(feature_dim, num_classes), nn.Linear(feature_dim, num_classes)

    def forward(self, h: Tensor, y: Tensor) -> ganzoo.Verdict:
        """h (N, ..., F), y (N,) -> Verdict."""
        mean = per_sample(h)
        return ganzoo.Verdict(self.logit(h), self.classify(mean), embedding=self.twin(mean))


@dataclass(frozen=True)
class TwinClassifiers(ByHead):
    """A second classifier learns the fakes, and G is to deceive it. Gong et al. 2019, arXiv:1907.02690 (TAC-GAN).

    L_D += -E log C(y | x) - E log C_mi(y | G(z, y));  L_G += -E log C(y | G(z, y)) + E log C_mi(y | G(z, y))

    G of AC-GAN makes classes easier to tell than those of the data are; the twin C_mi, which finds that too, takes it
    back. Departs: C learns from reals alone, and both classifiers share D's trunk and its optimiser.
    """

    weight_d: ganzoo.NonNegativeFloat = 1.0
    """Weight of both classifiers in D's loss."""
    weight_g: ganzoo.NonNegativeFloat = 1.0
    """Weight of both classifiers in G's loss."""

    def discriminator_head(self, feature_dim: int, num_classes: int) -> nn.Module:
        return TwinHead(feature_dim, num_classes)

    def discriminator_auxiliary(self, *, real: ganzoo.Verdict, fake: ganzoo.Verdict, y: Tensor) -> Tensor:
        assert real.class_logits is not None and fake.embedding is not None  # the head above gives both
        return self.weight_d * (cross_entropy(real.class_logits, y) + cross_entropy(fake.embedding, y))

    def generator_auxiliary(self, *, fake: ganzoo.Verdict, y: Tensor) -> Tensor:
        assert fake.class_logits is not None and fake.embedding is not None  # the head above gives both
        return self.weight_g * (cross_entropy(fake.class_logits, y) - cross_entropy(fake.embedding, y))


class ProjectionHead(nn.Module):
    """(features (N, ..., F), y (N,)) -> Verdict: logits with the product of features and label, class logits (N, K)."""

    def __init__(self, feature_dim: int, num_classes: int) -> None:
        super().__init__()
        self.logit, self.classify = Logit(feature_dim), nn.Linear(feature_dim, num_classes)
        self.embed = nn.Embedding(num_classes, feature_dim)
        nn.init.xavier_uniform_(self.embed.weight)  # N(0, 1), torch's default, would drown the logit in noise

    def forward(self, h: Tensor, y: Tensor) -> ganzoo.Verdict:
        """h (N, ..., F), y (N,) -> Verdict."""
        return ganzoo.Verdict(add_product(self.logit(h), h, self.embed(y)), self.classify(per_sample(h)))


def multi_hinge(logits: Tensor, y: Tensor) -> Tensor:
    """Return E max(0, 1 - C_y + max_{k != y} C_k) of logits C (N, K), K > 1: Crammer and Singer's hinge, a scalar."""
    own = one_hot(y, logits.shape[1]).bool()
    best_other = logits.masked_fill(own, -torch.inf).amax(dim=1)
    return relu(1 - logits[own] + best_other).mean()


@dataclass(frozen=True)
class MultiHinge(ByHead):
    """Projection, and a classifier with a hinge over all classes. Kavalerov et al. 2021, arXiv:1912.04216 (MHingeGAN).

    L_D += weight_d E max(0, 1 - C_y(x) + max_{k != y} C_k(x));  L_G += weight_g of the same for G(z, y)

    The classifier learns from reals alone. Weights are those of the authors' code for ImageNet at 128 pixels; their
    loss is `hinge`. The first version of the paper has one classifier of K + 1 classes instead, and no logit.
    """

    weight_d: ganzoo.NonNegativeFloat = 1.0
    """Weight in D's loss."""
    weight_g: ganzoo.NonNegativeFloat = 0.1
    """Weight in G's loss."""

    def discriminator_head(self, feature_dim: int, num_classes: int) -> nn.Module:
        return ProjectionHead(feature_dim, num_classes)

    def discriminator_auxiliary(self, *, real: ganzoo.Verdict, fake: ganzoo.Verdict, y: Tensor) -> Tensor:
        assert real.class_logits is not None  # the head above gives it
        return self.weight_d * multi_hinge(real.class_logits, y)

    def generator_auxiliary(self, *, fake: ganzoo.Verdict, y: Tensor) -> Tensor:
        assert fake.class_logits is not None  # the head above gives it
        return self.weight_g * multi_hinge(fake.class_logits, y)
