"""Networks: what D says, the pair of trunks, and the way of the labels into both."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Literal, NamedTuple

from torch import Tensor, nn

from ganzoo.data.samples import DataSpec


class Verdict(NamedTuple):
    """Output of the discriminator for a batch."""

    logits: Tensor
    """Logits (N,), or (N, ...) of patches, scales or heads; higher means more real."""
    class_logits: Tensor | None = None
    """Logits of the classes (N, K), only from an auxiliary classifier."""
    features: Tensor | None = None
    """Features (N, F), or (N, P, F) of patches, on which the head is; set for every head."""
    embedding: Tensor | None = None
    """Embedding of the sample (N, A), only from a head that compares samples with each other or with classes."""

    @property
    def sample_logits(self) -> Tensor:
        """One logit per sample (N,): the mean of its logits."""
        return self.logits if self.logits.ndim == 1 else self.logits.flatten(1).mean(dim=1)


Critic = Callable[[Tensor], Tensor]
"""Function samples (N, *shape) -> logits (N,), with the labels already bound; enforcers differentiate it."""


class Model(ABC):
    """A matched pair of network trunks; other components add labels, losses and Lipschitz bounds."""

    z_dim: int
    """Length Z of the latent vector z ~ N(0, I)."""

    @abstractmethod
    def generator(self, data: DataSpec, embedding_dim: int) -> nn.Module:
        """Return a module (z (N, Z), c (N, E)) -> samples (N, *data.shape) in [-1, 1].

        c is the label embedding. E is 0 for an unconditional GAN, so `torch.cat([z, c], dim=1)` needs no special
        case. In eval mode equal z and c give equal samples. Raises ConfigError if such samples cannot be made.
        """

    @abstractmethod
    def discriminator(self, data: DataSpec, *, per_sample: bool) -> nn.Module:
        """Return a module samples (N, *data.shape) -> features (N, F) with an int `feature_dim` = F.

        A D that judges patches or scales returns features (N, P, F), whose logits are (N, P).
        `per_sample` asks that the features of sample n depend on sample n alone, which batch normalisation breaks.
        Raises ConfigError if an option asks for the contrary. `data.shape` includes the conditioner's label channels.
        """

    def initialise_head(self, discriminator: nn.Module, head: nn.Module) -> None:
        """Draw the first weights of the linear layers of D's head, as those of D are drawn; none unless overridden.

        `discriminator` is the module that `Model.discriminator` returned, and `head` that of a conditioner which has
        `model_initialises_head`; other layers of the head stay as they are.
        """
        return

    def generator_penalty(self, generator: nn.Module, z: Tensor, c: Tensor) -> Tensor:
        """Return a term of G's loss for z (N, Z), c (N, E), its weight included: a scalar, zero unless overridden.

        `generator` is the module that `Model.generator` returned; its buffers hold what the term keeps between steps.
        """
        return z.new_zeros(())

    def truncated(self, generator: nn.Module, psi: float) -> nn.Module | None:
        """Return `generator` with its styles drawn to their mean by the factor psi > 0; None unless overridden.

        None, for a model without styles, means that latents are drawn from a truncated normal distribution instead.
        The module is called as `generator` is and shares its weights.
        """
        return None


class Conditioner(ABC):
    """A way by which the labels y reach both networks."""

    takes: ClassVar[Literal["classes", "vectors"]] = "classes"
    """Labels y that it reads: "classes", int64 (N,) in [0, K), or "vectors", float32 (N, A) or (N, ...) in general.

    Of vectors, `num_classes` below is A: how many numbers a label has.
    """
    needs_labels: ClassVar[bool] = True
    """False if it works on a dataset without classes."""

    model_initialises_head: ClassVar[bool] = False
    """True if the head's linear layers may start as the layers of the model do (`Model.initialise_head`)."""

    embedding_dim: int
    """Length E of the label embedding; 0 means that the generator ignores labels."""

    @abstractmethod
    def generator_embedding(self, num_classes: int) -> nn.Module:
        """Return a module y (N,) -> c (N, E)."""

    @abstractmethod
    def discriminator_input(self, num_classes: int, shape: tuple[int, ...]) -> nn.Module:
        """Return a module y (N,) -> maps (N, L, *shape[1:]), joined to samples along dim 1; its int `channels` is L."""

    @abstractmethod
    def discriminator_head(self, feature_dim: int, num_classes: int) -> nn.Module:
        """Return a module (features (N, F), or (N, P, F) of patches, y (N,)) -> Verdict."""

    def auxiliary_loss(self, verdict: Verdict, y: Tensor) -> Tensor:
        """Return an extra loss of both players on a batch with labels y (N,): a scalar, zero unless overridden."""
        return verdict.logits.new_zeros(())

    def discriminator_auxiliary(self, *, real: Verdict, fake: Verdict, y: Tensor) -> Tensor:
        """Return the extra loss of D, whose reals and fakes have the labels y (N,): that of both unless overridden."""
        return self.auxiliary_loss(real, y) + self.auxiliary_loss(fake, y)

    def generator_auxiliary(self, *, fake: Verdict, y: Tensor) -> Tensor:
        """Return the extra loss of G, whose fakes have the labels y (N,): `auxiliary_loss` unless overridden."""
        return self.auxiliary_loss(fake, y)
