"""The relativistic pairing loss: a fake is judged against a real one, never alone."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import softplus

import ganzoo


@dataclass(frozen=True)
class RelativisticPairing(ganzoo.AdversarialLoss):
    """Judge each fake against a real sample. Huang et al. 2024, arXiv:2501.05441, Eq. 2, f(t) = -log(1 + exp(-t)).

    L_D = E softplus(D(G(z)) - D(x));  L_G = E softplus(D(x) - D(G(z)))

    Pairs are the rows of the two batches. Only differences of logits count, so D needs no level of its own; the paper
    proves that the game converges under R1 and R2 together: `--lipschitz r1r2`.
    """

    relativistic = True

    def discriminator_loss(self, *, real: Tensor, fake: Tensor) -> Tensor:
        """Return E softplus(fake - real): log 2 if the logits are equal."""
        return softplus(fake - real).mean()

    def generator_loss(self, *, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """Return E softplus(real - fake): log 2 if the logits are equal."""
        assert real is not None  # a relativistic loss is given it
        return softplus(real - fake).mean()
