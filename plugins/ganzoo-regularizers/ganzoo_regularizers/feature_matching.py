"""Feature matching: G matches the mean of D's features of reals."""

from dataclasses import dataclass

from torch import Tensor

import ganzoo


@dataclass(frozen=True)
class FeatureMatching(ganzoo.Regularizer):
    """Let G match the mean features of reals. Salimans et al. 2016, arXiv:1606.03498, Section 3.1.

    G: weight * || E f(x) - E f(G(z)) ||_2^2, where f are the features before D's last layer, and E is the mean of a
    batch. In the paper it replaces G's adversarial loss, which is `alone`.
    """

    weight: ganzoo.NonNegativeFloat = 1.0
    alone: bool = False
    """True to take the adversarial loss away from G, which then learns by this term alone."""

    def generator_term(self, game: ganzoo.Game, *, fake: ganzoo.Verdict) -> Tensor:
        real = game.discriminator(game.x_real, game.y)
        assert real.features is not None and fake.features is not None  # D gives features with every head
        term = self.weight * (real.features.mean(dim=0) - fake.features.mean(dim=0)).square().sum()
        if not self.alone:
            return term
        return term - game.loss.generator_loss(
            fake=fake.logits.flatten(), real=real.logits.flatten() if game.loss.relativistic else None
        )
