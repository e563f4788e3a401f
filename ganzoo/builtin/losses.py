"""Adversarial losses. Each is the equation of its paper; higher logits mean more real."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import relu, softplus

from ganzoo.contracts import AdversarialLoss
from ganzoo.hookspecs import hookimpl


@dataclass(frozen=True)
class Minimax(AdversarialLoss):
    """The original game: G minimises log(1 - sigmoid(D)). Goodfellow et al. 2014, arXiv:1406.2661, Eq. 1.

    L_D = E softplus(-D(x)) + E softplus(D(G(z)));  L_G = -E softplus(D(G(z)))

    The gradient of G vanishes where D is certain; `bce` is the remedy of the same paper.
    """

    def discriminator_loss(self, *, real: Tensor, fake: Tensor) -> Tensor:
        return softplus(-real).mean() + softplus(fake).mean()

    def generator_loss(self, *, fake: Tensor, real: Tensor | None = None) -> Tensor:
        return -softplus(fake).mean()


@dataclass(frozen=True)
class NonSaturating(Minimax):
    """Binary cross-entropy where G minimises -log sigmoid(D). Goodfellow et al. 2014, arXiv:1406.2661, Sec. 3.

    L_D = E softplus(-D(x)) + E softplus(D(G(z)));  L_G = E softplus(-D(G(z)))
    """

    def generator_loss(self, *, fake: Tensor, real: Tensor | None = None) -> Tensor:
        return softplus(-fake).mean()


@dataclass(frozen=True)
class LeastSquares(AdversarialLoss):
    """Squared distance to the targets 1 and 0. Mao et al. 2017, arXiv:1611.04076, Eq. 9.

    L_D = E (D(x) - 1)^2 / 2 + E D(G(z))^2 / 2;  L_G = E (D(G(z)) - 1)^2 / 2
    """

    def discriminator_loss(self, *, real: Tensor, fake: Tensor) -> Tensor:
        return ((real - 1).square().mean() + fake.square().mean()) / 2

    def generator_loss(self, *, fake: Tensor, real: Tensor | None = None) -> Tensor:
        return (fake - 1).square().mean() / 2


@dataclass(frozen=True)
class Wasserstein(AdversarialLoss):
    """Gap between the mean logits; needs a Lipschitz enforcer. Arjovsky et al. 2017, arXiv:1701.07875, Eq. 2-3.

    L_D = E D(G(z)) - E D(x);  L_G = -E D(G(z))
    """

    unbounded = True

    def discriminator_loss(self, *, real: Tensor, fake: Tensor) -> Tensor:
        return fake.mean() - real.mean()

    def generator_loss(self, *, fake: Tensor, real: Tensor | None = None) -> Tensor:
        return -fake.mean()


@dataclass(frozen=True)
class Hinge(AdversarialLoss):
    """Push logits past +1 and -1, then stop. Lim and Ye 2017, arXiv:1705.02894.

    L_D = E max(0, 1 - D(x)) + E max(0, 1 + D(G(z)));  L_G = -E D(G(z))
    """

    def discriminator_loss(self, *, real: Tensor, fake: Tensor) -> Tensor:
        return relu(1 - real).mean() + relu(1 + fake).mean()

    def generator_loss(self, *, fake: Tensor, real: Tensor | None = None) -> Tensor:
        return -fake.mean()


@hookimpl
def register_losses() -> Mapping[str, type[AdversarialLoss]]:
    """Return the losses that ship with ganzoo."""
    return {
        "bce": NonSaturating,
        "hinge": Hinge,
        "lsgan": LeastSquares,
        "minimax": Minimax,
        "wgan": Wasserstein,
    }
