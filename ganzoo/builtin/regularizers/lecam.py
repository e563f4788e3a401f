"""Keep the logits of D near moving averages of the other side's, for training on few samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from annotated_types import Ge, Lt
from torch import Tensor, nn

from ganzoo.contracts import DataSpec, Game, Regularizer, Verdict
from ganzoo.settings.options import NonNegativeFloat


class Anchors(nn.Module):
    """Moving averages of D's mean logit of reals and of fakes, 0 at the start."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("real", torch.zeros(()))
        self.register_buffer("fake", torch.zeros(()))

    @torch.no_grad()
    def move(self, decay: float, *, real: Tensor, fake: Tensor) -> None:
        """Move both averages towards the logits of a batch, (N,) or (N, ...)."""
        self.get_buffer("real").lerp_(real.mean(), 1 - decay)
        self.get_buffer("fake").lerp_(fake.mean(), 1 - decay)


@dataclass(frozen=True)
class LeCam(Regularizer):
    """Pull the logits of reals to the mean of fakes, and the reverse. Tseng et al. 2021, arXiv:2104.03310, Section 3.

    weight * (E (D(x) - alpha_fake)^2 + E (D(G(z)) - alpha_real)^2), where alpha are moving averages of the mean logits.
    With the Wasserstein loss this bounds a LeCam divergence. The default weight is that of CIFAR.
    """

    weight: NonNegativeFloat = 0.3
    decay: Annotated[float, Ge(0), Lt(1)] = 0.99
    """Decay of the moving averages at each update of D."""

    def state(self, data: DataSpec, feature_dim: int) -> nn.Module:
        return Anchors()

    def discriminator_term(self, game: Game, *, real: Verdict, fake: Verdict) -> Tensor:
        anchors = game.state
        assert isinstance(anchors, Anchors)
        anchors.move(self.decay, real=real.logits, fake=fake.logits)
        to_fake = (real.logits - anchors.get_buffer("fake")).square().mean()
        to_real = (fake.logits - anchors.get_buffer("real")).square().mean()
        return self.weight * (to_fake + to_real)
