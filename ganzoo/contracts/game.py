"""The rules of the game: losses, bounds on the slope of D, and changes of the samples that D sees."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor, nn

from ganzoo.contracts.networks import Critic
from ganzoo.data.samples import DataSpec


class AdversarialLoss(ABC):
    """The rules of the game: logits in, one scalar per player out, without state or networks."""

    relativistic: ClassVar[bool] = False
    """True if `generator_loss` reads `real`; only then is it computed."""
    unbounded: ClassVar[bool] = False
    """True if D can lower its loss without end, so that it means nothing without a Lipschitz enforcer."""

    @abstractmethod
    def discriminator_loss(self, *, real: Tensor, fake: Tensor) -> Tensor:
        """Return the scalar that the discriminator minimises; real, fake: logits (N,)."""

    @abstractmethod
    def generator_loss(self, *, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """Return the scalar that the generator minimises; fake, and real if `relativistic`: logits (N,)."""


class LipschitzEnforcer(ABC):  # noqa: B024  # each moment is optional
    """Bounds the slope of D at one of three moments: override that one. Several are added up: `--lipschitz sn+gp`.

    building    constrain   re-parametrise its layers (spectral norm)
    each loss   penalty     add a term to its loss    (gradient penalty, R1, R2, DRAGAN)
    each step   project     move its weights back     (weight clipping)
    """

    per_sample: ClassVar[bool] = False
    """True if the bound is on single samples, so that a logit must not depend on the rest of the batch."""

    def constrain(self, discriminator: nn.Module) -> nn.Module:
        """Return the discriminator to train; called once, before its optimiser exists."""
        return discriminator

    def constrain_generator(self, generator: nn.Module) -> None:  # noqa: B027
        """Re-parametrise layers of G's trunk in place; called once, before its optimiser exists."""

    def penalty(self, critic: Critic, *, real: Tensor, fake: Tensor) -> Tensor:
        """Return a scalar, its weight included; real, fake: samples (N, *shape) without gradient."""
        return real.new_zeros(())

    def project(self, discriminator: nn.Module) -> None:  # noqa: B027
        """Change the weights in place; called after each discriminator update."""

    def target_slopes(self) -> Mapping[str, float]:
        """Return {"real", "fake" or "between": slope ||dD/dx||_2 that the penalty pulls to}; {} unless overridden."""
        return {}

    def weight_limit(self) -> float | None:
        """Return the largest |weight| of D that `project` allows; None, for no limit, unless overridden."""
        return None


class Augmentation(ABC):
    """Changes samples before D judges them, real and generated alike, in the updates of both players.

    Penalties differentiate D of the changed samples, with respect to the samples as they were.
    """

    @abstractmethod
    def transform(self, data: DataSpec) -> nn.Module:
        """Return a module samples (N, *data.shape) -> samples (N, *data.shape), through which gradients flow.

        What becomes of sample n depends on sample n alone. Buffers of the module are its state: checkpoints have
        them, and all ranks have the same. Raises ConfigError for a shape that it cannot change.
        """

    def adapt(self, transform: nn.Module, real_logits: Tensor) -> None:  # noqa: B027
        """Change the buffers of `transform` in place; called after each update of D.

        real_logits (N,) is what D thought of the changed reals: of all ranks, without gradient.
        """
