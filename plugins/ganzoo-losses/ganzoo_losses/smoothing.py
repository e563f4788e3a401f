"""One-sided label smoothing: reals are real with less than certainty."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Gt, Le
from torch import Tensor
from torch.nn.functional import softplus

import ganzoo


@dataclass(frozen=True)
class SmoothedLabels(ganzoo.AdversarialLoss):
    """Binary cross-entropy whose target for reals is below 1. Salimans et al. 2016, arXiv:1606.03498, Sec. 3.4.

    L_D = E a softplus(-D(x)) + (1 - a) softplus(D(x)) + E softplus(D(G(z)));  L_G = E softplus(-D(G(z)))

    The best D(x) = logit(a p / (p + q)). Targets of fakes stay 0: with others, G would be drawn to its own samples.
    """

    target: Annotated[float, Gt(0), Le(1)] = 0.9
    """Probability a with which D shall call a real one real."""

    def discriminator_loss(self, *, real: Tensor, fake: Tensor) -> Tensor:
        reals = self.target * softplus(-real) + (1 - self.target) * softplus(real)
        return reals.mean() + softplus(fake).mean()

    def generator_loss(self, *, fake: Tensor, real: Tensor | None = None) -> Tensor:
        return softplus(-fake).mean()
