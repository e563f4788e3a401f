"""Feature matching: G matches the mean features of D."""

from dataclasses import dataclass

import ganzoo


@dataclass(frozen=True)
class FeatureMatching(ganzoo.Regularizer):
    """Add weight * || E f(x) - E f(G(z)) ||_2^2 to G's loss. Salimans et al. 2016, arXiv:1606.03498, Section 3.1."""

    weight: ganzoo.NonNegativeFloat = 1.0

    def generator_term(self, game, *, fake):
        real = game.discriminator(game.x_real, game.y)
        return self.weight * (real.features.mean(dim=0) - fake.features.mean(dim=0)).square().sum()


@ganzoo.hookimpl
def register_regularizers():
    return {"feature-matching": FeatureMatching}
