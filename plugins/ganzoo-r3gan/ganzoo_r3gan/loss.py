"""The relativistic pairing loss, a function of the difference between a generated and a real logit."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import softplus

import ganzoo


@dataclass(frozen=True)
class RelativisticPairing(ganzoo.AdversarialLoss):
    """Compare each fake with a real sample. Huang et al. 2024, arXiv:2501.05441, Eq. 2, f(t) = -log(1 + exp(-t)).

    L_D = E softplus(D(G(z)) - D(x));  L_G = E softplus(D(x) - D(G(z)))

    Row n of one batch is paired with row n of the other. The loss depends only on differences of logits. The paper
    proves that training converges under R1 and R2 together: `--lipschitz r1r2`.
    """

    relativistic = True

    def discriminator_loss(self, *, real: Tensor, fake: Tensor) -> Tensor:
        """Return E softplus(fake - real): log 2 if the logits are equal."""
        return softplus(fake - real).mean()

    def generator_loss(self, *, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """Return E softplus(real - fake): log 2 if the logits are equal."""
        assert real is not None  # a relativistic loss always gets real logits
        return softplus(real - fake).mean()
