"""Lipschitz enforcers. Each implements `constrain`, `penalty` or `project` of the contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import torch
from annotated_types import Gt, Le, Lt
from torch import Tensor, nn
from torch.nn.functional import relu
from torch.nn.utils.parametrizations import spectral_norm

from ganzoo.contracts import Critic, LipschitzEnforcer
from ganzoo.errors import ConfigError
from ganzoo.hookspecs import hookimpl
from ganzoo.layers import ConditionalBatchNorm, gradient_norm, interpolate, per_sample_uniform
from ganzoo.settings.options import NonNegativeFloat, PositiveFloat


@dataclass(frozen=True)
class NoEnforcer(LipschitzEnforcer):
    """Do nothing: the discriminator's slope is unbounded.

    Nobody's invention.
    """


@dataclass(frozen=True)
class WeightClipping(LipschitzEnforcer):
    """Clamp every weight of D to [-limit, limit]. Arjovsky et al. 2017, arXiv:1701.07875, Algorithm 1, line 7."""

    limit: PositiveFloat = 0.01

    @torch.no_grad()
    def project(self, discriminator: nn.Module) -> None:
        for weight in discriminator.parameters():
            weight.clamp_(-self.limit, self.limit)

    def weight_limit(self) -> float:
        return self.limit


@dataclass(frozen=True)
class GradientPenalty(LipschitzEnforcer):
    """Pull the slope to 1 between real and fake. Gulrajani et al. 2017, arXiv:1704.00028, Eq. 3.

    weight * E (||grad D(x_hat)||_2 - 1)^2,  x_hat = epsilon x + (1 - epsilon) G(z),  epsilon ~ U[0, 1]
    """

    per_sample = True
    weight: NonNegativeFloat = 10.0

    def penalty(self, critic: Critic, *, real: Tensor, fake: Tensor) -> Tensor:
        slope = gradient_norm(critic, interpolate(real, fake))
        return self.weight * (slope - 1).square().mean()

    def target_slopes(self) -> Mapping[str, float]:
        return {"between": 1.0}


@dataclass(frozen=True)
class LipschitzPenalty(GradientPenalty):
    """Penalise only slopes above 1, between real and fake. Petzka et al. 2018, arXiv:1709.08894, Eq. 8.

    weight * E max(0, ||grad D(x_hat)||_2 - 1)^2,  x_hat = epsilon x + (1 - epsilon) G(z)
    """

    def penalty(self, critic: Critic, *, real: Tensor, fake: Tensor) -> Tensor:
        slope = gradient_norm(critic, interpolate(real, fake))
        return self.weight * relu(slope - 1).square().mean()

    def target_slopes(self) -> Mapping[str, float]:
        return {}  # any slope up to 1 is as good


@dataclass(frozen=True)
class DRAGAN(LipschitzEnforcer):
    """Pull the slope to `slope` around real samples only. Kodali et al. 2017, arXiv:1705.07215, Eq. 1.

    weight * E (||grad D(x_hat)||_2 - slope)^2,  x_hat = x + alpha * spread * std(x) * u,
    u ~ U[0, 1] per element and alpha ~ U[0, 1] per sample, std over the batch.
    """

    per_sample = True
    weight: NonNegativeFloat = 10.0
    slope: PositiveFloat = 1.0
    spread: PositiveFloat = 0.5

    def penalty(self, critic: Critic, *, real: Tensor, fake: Tensor) -> Tensor:
        noise = self.spread * real.std(correction=0) * torch.rand_like(real)
        x_hat = real + per_sample_uniform(real) * noise
        return self.weight * (gradient_norm(critic, x_hat) - self.slope).square().mean()

    def target_slopes(self) -> Mapping[str, float]:
        return {"real": self.slope}


@dataclass(frozen=True)
class R1(LipschitzEnforcer):
    """Flatten the critic on real samples. Mescheder et al. 2018, arXiv:1801.04406, Eq. 9.

    gamma / 2 * E ||grad D(x)||_2^2
    """

    per_sample = True
    gamma: NonNegativeFloat = 10.0

    def penalty(self, critic: Critic, *, real: Tensor, fake: Tensor) -> Tensor:
        return self.gamma / 2 * gradient_norm(critic, real).square().mean()

    def target_slopes(self) -> Mapping[str, float]:
        return {"real": 0.0}


@dataclass(frozen=True)
class R1R2(R1):
    """Flatten the critic on real and on fake samples. Mescheder et al. 2018, arXiv:1801.04406, Eq. 9-10.

    gamma / 2 * E ||grad D(x)||_2^2 + gamma / 2 * E ||grad D(G(z))||_2^2
    """

    def penalty(self, critic: Critic, *, real: Tensor, fake: Tensor) -> Tensor:
        both = gradient_norm(critic, real).square().mean() + gradient_norm(critic, fake).square().mean()
        return self.gamma / 2 * both

    def target_slopes(self) -> Mapping[str, float]:
        return {"real": 0.0, "fake": 0.0}


_NORMS = (nn.modules.batchnorm._NormBase, nn.GroupNorm, nn.LayerNorm)


@dataclass(frozen=True)
class SpectralNorm(LipschitzEnforcer):
    """Divide each layer of D by its largest singular value. Miyato et al. 2018, arXiv:1802.05957, Eq. 8.

    W -> W / sigma(W) for every convolution, linear layer and embedding; sigma by `power_iterations` of
    the power method at each forward pass in training.
    """

    per_sample = True  # batch norm would rescale the layers again, and void the bound
    power_iterations: Annotated[int, Gt(0), Le(1000)] = 1
    """Steps of the power iteration per update, which estimates the largest singular value."""
    eps: Annotated[float, Gt(0), Lt(1)] = 1e-12
    """Least norm by which a vector of the power iteration is divided."""
    generator: bool = False
    """True to divide the convolutions and linear layers of G too, as in arXiv:1805.08318, Sec. 3.1."""

    def constrain(self, discriminator: nn.Module) -> nn.Module:
        for layer in list(discriminator.modules()):
            if isinstance(layer, _NORMS):
                what = (
                    f"{type(layer).__name__} in D rescales the layers that spectral norm bounds, so D stays unbounded"
                )
                raise ConfigError(what, hint="--set model.norm_d=none, or --lipschitz gp")
            if isinstance(layer, nn.modules.conv._ConvNd | nn.Linear | nn.Embedding):
                self._divide(layer)
        return discriminator

    def constrain_generator(self, generator: nn.Module) -> None:
        if not self.generator:
            return
        gains = {layer.modulate for layer in generator.modules() if isinstance(layer, ConditionalBatchNorm)}
        for layer in list(generator.modules()):  # gains of norms stay free, as those of ordinary batch norm are
            if isinstance(layer, nn.modules.conv._ConvNd | nn.Linear) and layer not in gains:
                self._divide(layer)

    def _divide(self, layer: nn.Module) -> None:
        spectral_norm(layer, n_power_iterations=self.power_iterations, eps=self.eps)


@hookimpl
def register_lipschitz() -> Mapping[str, type[LipschitzEnforcer]]:
    """Return the enforcers that ship with ganzoo."""
    return {
        "clip": WeightClipping,
        "dragan": DRAGAN,
        "gp": GradientPenalty,
        "lp": LipschitzPenalty,
        "none": NoEnforcer,
        "r1": R1,
        "r1r2": R1R2,
        "sn": SpectralNorm,
    }
