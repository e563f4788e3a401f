"""The contracts. Every component, built in or of a plugin, keeps one of them.

Shape letters
    N batch    C channels    H, W height, width    Z latent    E label embedding
    F discriminator features    K classes    L label channels    M images    D extractor features

Conventions, stated here and nowhere else
    samples   float32 (N, *shape) in [-1, 1]; an image has shape (C, H, W), a toy point (2,)
    labels y  int64 (N,) in [0, K); an unlabelled dataset has K = 1 and every label 0
    logits    float32 (N,) or (N, ...), unbounded; HIGHER MEANS MORE REAL for every loss; no sigmoid inside a network
    losses    scalars to minimise; `real=` and `fake=` are keyword-only everywhere, always in this order

A component is a frozen dataclass: its fields are its options in a recipe and on `--set`, its docstring is
its help, and the docstring cites its source (arXiv id or DOI, equation).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from ganzoo.cells import Cell, Ending
from ganzoo.data.features import MODE_RADIUS as MODE_RADIUS
from ganzoo.data.features import Features as Features
from ganzoo.data.features import FeatureSet as FeatureSet
from ganzoo.data.features import Score as Score
from ganzoo.data.samples import DataSpec as DataSpec
from ganzoo.data.samples import Samples as Samples


class Verdict(NamedTuple):
    """Output of the discriminator for a batch."""

    logits: Tensor
    """Logits (N,), or (N, ...) of patches, scales or heads; higher means more real."""
    class_logits: Tensor | None = None
    """Logits of the classes (N, K), only from an auxiliary classifier."""

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


class Conditioner(ABC):
    """A way by which the labels y reach both networks."""

    needs_labels: ClassVar[bool] = True
    """False if it works on a dataset without classes."""

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


class Dataset(ABC):
    """A source of real samples."""

    default_features: ClassVar[str] = "inception"
    """Name of the extractor by which these data are usually scored."""

    @abstractmethod
    def load(self) -> Samples:
        """Read the samples. Raises DataError, saying what to do, if something is missing or damaged."""

    def held_out(self) -> Dataset | None:
        """Return other samples of the same distribution, whose logits show if D overfits; None unless overridden."""
        return None


@dataclass(frozen=True, eq=False)
class Extractor:
    """A frozen network on a device, ready to read images."""

    label: str
    """Name in a score: "digits-cnn"; with weights of the user's own, "inception@1a2b3c4d"."""
    fingerprint: Mapping[str, str]
    """Everything that its numbers depend on, at least "weights" (sha256), "resize" and "dtype"."""
    extract: Callable[[Tensor], Features]
    """Samples on the device -> Features, without gradient.

    Images are uint8 (N, C, H, W). Other samples are float32 (N, *shape) in [-1, 1], and only for an extractor whose
    class has `reads = "points"`. Raises EvaluationError for samples that it cannot read, such as images in colour.
    """
    inception_2015: bool = False
    """True for the network and the weights that FID is defined by (arXiv:1706.08500)."""


class FeatureExtractor(ABC):
    """A network that maps images to the features in which real and generated ones are compared."""

    reads: ClassVar[str] = "images"
    """Input: "images", or "points", which are float32 samples (N, *shape) other than images."""
    ships: ClassVar[bool] = False
    """True if its weights come with its package, so that it is there without a network."""

    @abstractmethod
    def load(self, device: torch.device) -> Extractor:
        """Read the weights. Raises EvaluationError, saying what to do, if they are absent or damaged."""


class Metric(ABC):
    """A comparison of real and generated images by their features."""

    needs_images: ClassVar[bool] = True
    """False if `compute` reads mean and covariance of the reference alone, and no rows, so that a file of them does."""

    def prepare(self, real: FeatureSet) -> FeatureSet:
        """Return the real features with what this metric computes once; `compute` gives the same scores without it."""
        return real

    def require(self, *, real: FeatureSet, fake: FeatureSet) -> None:  # noqa: B027
        """Raise EvaluationError if the sets lack what `compute` needs: images, classes, labels.

        It is asked before a run is trained too. Then `fake`, and `real` unless it is at hand, are of the sizes to come,
        with the labels to come, and one row of features that repeats.
        """

    @abstractmethod
    def compute(self, *, real: FeatureSet, fake: FeatureSet) -> Mapping[str, Score]:
        """Return scores by name. Raises EvaluationError for too few images, or features without what it needs."""

    def warn(self, *, real: FeatureSet, fake: FeatureSet) -> Sequence[str]:
        """Return reasons to trust the scores of `compute` less, one line each."""
        return ()


class Engine(ABC):
    """A place where the cells of a grid run."""

    is_here: ClassVar[bool] = False
    """True if cells run on this machine, so that data and weights which are missing here are missing there."""

    @property
    def cells_at_once(self) -> int:
        """Number of cells that run at once; 0 if it is not known beforehand."""
        return 0

    @property
    def threads_per_cell(self) -> int:
        """CPU threads of each cell; 0 if the number is not known beforehand."""
        return 0

    @abstractmethod
    def run(self, cells: Sequence[Cell]) -> Generator[tuple[Cell, Ending]]:
        """Give each cell to `ganzoo.execute` once, with its share of the machine; yield it with its ending.

        In any order, some at once. A cell whose worker dies is given to another one, since a run goes on where it was.
        When the generator is closed, what still runs is stopped and waited for.
        """


def overrides(component: object, method: str, contract: type) -> bool:
    """Return whether a component, or its class, has a method of its own where its contract has a default."""
    own = component if isinstance(component, type) else type(component)
    return getattr(own, method) is not getattr(contract, method)
