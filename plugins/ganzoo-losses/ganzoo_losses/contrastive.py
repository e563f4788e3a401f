"""The dual contrastive loss: one real is told from many fakes, and one fake from many reals."""

import math
from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import softplus

import ganzoo


@dataclass(frozen=True)
class DualContrastive(ganzoo.AdversarialLoss):
    """Tell each real from many fakes, and each fake from many reals. Yu et al. 2021, arXiv:2103.16748, Eq. 3-4.

    L_D = E log(1 + sum_j exp(D(G(z_j)) - D(x))) + E log(1 + sum_j exp(D(G(z)) - D(x_j))), with `negatives` terms a sum

    Departs: a sum over `negatives` samples is that number times the mean over the batch, which is the paper's sum if
    both are equal, and does not change when ranks share a batch. G minimises the same with real and fake exchanged,
    which pulls also where D is certain; `saturating` lets it maximise L_D, which is the game of the equations.
    """

    relativistic = True
    negatives: ganzoo.PositiveInt = 32
    """Samples with which each sample is contrasted; the paper's are those of its batch."""
    saturating: bool = False
    """Let G maximise the loss of D."""

    def discriminator_loss(self, *, real: Tensor, fake: Tensor) -> Tensor:
        """Return 2 log(1 + negatives) if all logits are equal."""
        return softplus(self._log_sum(fake) - real).mean() + softplus(fake + self._log_sum(-real)).mean()

    def generator_loss(self, *, fake: Tensor, real: Tensor | None = None) -> Tensor:
        assert real is not None  # a relativistic loss always gets real logits
        if self.saturating:
            return -self.discriminator_loss(real=real, fake=fake)
        return self.discriminator_loss(real=fake, fake=real)

    def _log_sum(self, logits: Tensor) -> Tensor:
        """Return the log of `negatives` times the mean exponential of logits (N,): a scalar."""
        return logits.logsumexp(dim=0) + math.log(self.negatives / len(logits))
