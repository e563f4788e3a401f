"""Relativistic average losses: each logit is compared with the mean logit of the other kind."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import relu, softplus

import ganzoo


class _Swapped(ganzoo.AdversarialLoss):
    """A loss that G minimises with the roles of real and fake exchanged."""

    relativistic = True

    def generator_loss(self, *, fake: Tensor, real: Tensor | None = None) -> Tensor:
        assert real is not None  # a relativistic loss always gets real logits
        return self.discriminator_loss(real=fake, fake=real)


@dataclass(frozen=True)
class RelativisticAverage(_Swapped):
    """Compare each logit with the mean logit of the other kind. Jolicoeur-Martineau 2018, arXiv:1807.00734.

    L_D = E softplus(-(D(x) - E D(G(z)))) + E softplus(D(G(z)) - E D(x));  L_G swaps x and G(z). RaSGAN.
    """

    def discriminator_loss(self, *, real: Tensor, fake: Tensor) -> Tensor:
        """Return 2 log 2 if all logits are equal."""
        return softplus(fake.mean() - real).mean() + softplus(fake - real.mean()).mean()


@dataclass(frozen=True)
class RelativisticLeastSquares(_Swapped):
    """Pull logits to 1 above, and 1 below, the mean of the other kind. Jolicoeur-Martineau 2018, arXiv:1807.00734.

    L_D = E (D(x) - E D(G(z)) - 1)^2 + E (D(G(z)) - E D(x) + 1)^2;  L_G swaps x and G(z). RaLSGAN.
    """

    def discriminator_loss(self, *, real: Tensor, fake: Tensor) -> Tensor:
        """Return 2 if all logits are equal."""
        return (real - fake.mean() - 1).square().mean() + (fake - real.mean() + 1).square().mean()


@dataclass(frozen=True)
class RelativisticHinge(_Swapped):
    """Push logits 1 beyond the mean of the other kind, then stop. Jolicoeur-Martineau 2018, arXiv:1807.00734.

    L_D = E max(0, 1 - D(x) + E D(G(z))) + E max(0, 1 + D(G(z)) - E D(x));  L_G swaps x and G(z). RaHingeGAN.
    """

    def discriminator_loss(self, *, real: Tensor, fake: Tensor) -> Tensor:
        """Return 2 if all logits are equal."""
        return relu(1 - real + fake.mean()).mean() + relu(1 + fake - real.mean()).mean()
