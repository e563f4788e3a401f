"""Penalties of the slope ||grad D||_2 between real and fake samples, whose least is at 0."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

import ganzoo


def points_between(real: Tensor, fake: Tensor) -> Tensor:
    """Return a point of U[0, 1] on the line of each pair, (N, *shape). Gulrajani et al. 2017, arXiv:1704.00028."""
    epsilon = torch.rand(len(real), *[1] * (real.ndim - 1), device=real.device)
    return epsilon * real + (1 - epsilon) * fake


@dataclass(frozen=True)
class ZeroCentred(ganzoo.LipschitzEnforcer):
    """Flatten the critic between real and fake. Thanh-Tung et al. 2019, arXiv:1902.03984.

    weight * E ||grad D(x_hat)||_2^2,  x_hat = epsilon x + (1 - epsilon) G(z),  epsilon ~ U[0, 1]
    """

    per_sample = True
    weight: ganzoo.NonNegativeFloat = 10.0

    def penalty(self, critic: ganzoo.Critic, *, real: Tensor, fake: Tensor) -> Tensor:
        return self.weight * ganzoo.gradient_norm(critic, points_between(real, fake)).square().mean()

    def target_slopes(self) -> Mapping[str, float]:
        return {"between": 0.0}


@dataclass(frozen=True)
class MaxGradientPenalty(ganzoo.LipschitzEnforcer):
    """Flatten the critic where it is steepest. Zhou et al. 2019, arXiv:1902.05687.

    weight * max ||grad D(x_hat)||_2^2 over points x_hat between the pairs of a batch, as in 0-gp. The largest slope of
    the batch stands for the Lipschitz constant. The default weight is chosen here.
    """

    per_sample = True
    weight: ganzoo.NonNegativeFloat = 1.0

    def penalty(self, critic: ganzoo.Critic, *, real: Tensor, fake: Tensor) -> Tensor:
        return self.weight * ganzoo.gradient_norm(critic, points_between(real, fake)).square().max()

    def target_slopes(self) -> Mapping[str, float]:
        return {"between": 0.0}


@dataclass(frozen=True)
class WassersteinDivergence(ganzoo.LipschitzEnforcer):
    """Make the Wasserstein loss a divergence. Wu et al. 2018, arXiv:1712.01026.

    k * E ||grad D(x_hat)||_2^p,  x_hat between real and fake as in 0-gp. With `--loss wgan` it needs no bound on the
    slope: the optimal one is (T / (k p))^(1 / (p - 1)) for samples at the distance T on a line.
    """

    per_sample = True
    k: ganzoo.PositiveFloat = 2.0
    p: ganzoo.PositiveFloat = 6.0

    def penalty(self, critic: ganzoo.Critic, *, real: Tensor, fake: Tensor) -> Tensor:
        return self.k * ganzoo.gradient_norm(critic, points_between(real, fake)).pow(self.p).mean()

    def target_slopes(self) -> Mapping[str, float]:
        return {"between": 0.0}
