"""Further terms of either player's loss, and what they see of an update."""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from ganzoo.contracts.game import AdversarialLoss
from ganzoo.contracts.networks import Verdict
from ganzoo.data.samples import DataSpec


@dataclass(frozen=True, eq=False)
class Game:
    """One update of a player, as a regularizer sees it."""

    generator: Callable[[Tensor, Tensor], Tensor]
    """G: z (N, Z), y (N,) -> samples (N, *shape); in an update of D without gradient."""
    discriminator: Callable[[Tensor, Tensor], Verdict]
    """D: samples (N, *shape), y (N,) -> Verdict; it augments them first. In an update of G its weights are frozen."""
    G: nn.Module
    D: nn.Module
    """Modules behind both functions, for a term that reads weights; D(x, y) does not augment x."""
    x_real: Tensor
    """Real samples (N, *shape), before the augmentation."""
    x_fake: Tensor
    """Samples G(z, y) (N, *shape), before the augmentation; with a gradient in an update of G."""
    z: Tensor
    """Latents (N, Z) of the fakes."""
    y: Tensor
    """Labels (N,), of the reals and of the fakes."""
    loss: AdversarialLoss
    state: nn.Module
    """Module that `Regularizer.state` returned."""


class Regularizer(ABC):  # noqa: B024  # each term is optional
    """Adds a term to the loss of a player, or of both: override that term. Several are added up: `lecam+zcr`.

    A bound on the slope of D is a LipschitzEnforcer. A term that needs the inside of one model's generator is
    `Model.generator_penalty`.
    """

    def state(self, data: DataSpec, feature_dim: int) -> nn.Module:
        """Return a module with the buffers and heads of both terms; an empty one unless overridden.

        feature_dim is the F of `Verdict.features`. The module is trained, saved and averaged over ranks as D is. A
        term changes buffers in place. Raises ConfigError for data that the terms do not suit.
        """
        return nn.Module()

    def discriminator_term(self, game: Game, *, real: Verdict, fake: Verdict) -> Tensor:
        """Return a term of D's loss, its weight included: a scalar. Not called unless overridden."""
        return real.logits.new_zeros(())

    def generator_term(self, game: Game, *, fake: Verdict) -> Tensor:
        """Return a term of G's loss, its weight included: a scalar. Not called unless overridden."""
        return fake.logits.new_zeros(())
