"""CT: D is to say the same of a real sample twice, under dropout."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Gt, Lt
from torch import Tensor, nn

import ganzoo
from ganzoo_enforcers.activations import replace_activations


@dataclass(frozen=True)
class ConsistencyTerm(ganzoo.LipschitzEnforcer):
    """Ask D for equal logits of reals under dropout. Wei et al. 2018, arXiv:1803.01541.

    weight * E max(0, (D'(x) - D''(x))^2 - margin), where ' and '' are two draws of dropout behind each activation of
    D. The paper adds it to the gradient penalty: `--lipschitz gp+ct`.
    Departs: the paper also compares the features before D's last layer, by a tenth of the weight; a penalty sees
    logits alone. Dropout has one rate in all layers; the authors' code has it behind residual blocks.
    """

    per_sample = True  # the bound is on single samples, and batch norm would mix their noise
    weight: ganzoo.NonNegativeFloat = 2.0
    margin: ganzoo.NonNegativeFloat = 0.0
    """Squared difference that costs nothing; in the paper 0 to 0.2."""
    dropout: Annotated[float, Gt(0), Lt(1)] = 0.2
    """Share of each activation's outputs that dropout sets to 0, whenever D is trained."""

    def constrain(self, discriminator: nn.Module) -> nn.Module:
        """Put dropout behind each activation of D."""
        replace_activations(discriminator, lambda part: nn.Sequential(part, nn.Dropout(self.dropout)), "ct")
        return discriminator

    def penalty(self, critic: ganzoo.Critic, *, real: Tensor, fake: Tensor) -> Tensor:
        return self.weight * ((critic(real) - critic(real)).square() - self.margin).relu().mean()
