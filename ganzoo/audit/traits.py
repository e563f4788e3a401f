"""Properties of a GAN that follow from its components, before anything is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import nn
from torch.nn.utils import parametrize

from ganzoo.contracts import LipschitzEnforcer, overrides
from ganzoo.training.gan import GAN, Combined

PLACES = {"real": "at real samples", "fake": "at generated samples", "between": "in between"}


@dataclass(frozen=True)
class Traits:
    """Properties that tell which numbers of an audit mean what."""

    penalised: bool = False
    """True if the enforcer adds a penalty to D's loss."""
    target_slopes: Mapping[str, float] = field(default_factory=dict)
    """Slopes of D that the penalty pulls to, by where: at "real" samples, at "fake" ones, or "between" them."""
    weight_limit: float | None = None
    """Largest |weight| of D that the enforcer allows; None if it limits no weight."""
    mixes_samples: bool = False
    """True if a logit of D depends on the other samples of its batch."""
    conditional: bool = False
    """True if the generator reads labels."""
    free_level: bool = False
    """True if the loss sees differences of logits alone, so that the size of one means nothing."""
    normed: frozenset[str] = frozenset()
    """Players, "d" and "g", whose layers or weights are normalised, so that the size of most weights means nothing."""

    def describe_targets(self) -> str:
        """Return the target slopes in words; empty if they are all 1, which a reader expects."""
        texts = []
        for target in sorted({*self.target_slopes.values()} - {1.0}):
            places = [PLACES[where] for where, slope in self.target_slopes.items() if slope == target]
            texts.append(f"{target:g} {' and '.join(places)}")
        return f"the enforcer pulls it to {', '.join(texts)}" if texts else ""


def read_traits(gan: GAN) -> Traits:
    """Return the traits of a GAN, as the contracts of its components state them."""
    lipschitz = gan.lipschitz
    parts = lipschitz.parts if isinstance(lipschitz, Combined) else (lipschitz,)
    return Traits(
        penalised=any(overrides(part, "penalty", LipschitzEnforcer) for part in parts),
        target_slopes=lipschitz.target_slopes(),
        weight_limit=lipschitz.weight_limit(),
        mixes_samples=not gan.per_sample,
        conditional=gan.conditioner.embedding_dim > 0,
        free_level=gan.loss.unbounded or gan.loss.relativistic,
        normed=frozenset(player for player, network in (("d", gan.D), ("g", gan.G)) if _is_normed(network)),
    )


def _is_normed(network: nn.Module) -> bool:
    """Return whether layers are normalised, or weights as by spectral norm: then the size of a weight means nothing."""
    norms = (nn.modules.batchnorm._NormBase, nn.GroupNorm, nn.LayerNorm)
    return any(isinstance(layer, norms) or parametrize.is_parametrized(layer) for layer in network.modules())
