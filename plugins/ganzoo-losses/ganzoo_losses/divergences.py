"""f-GAN: a variational bound of an f-divergence. Nowozin, Cseke, Tomioka 2016, arXiv:1606.00709.

D_f(P || Q) = E_Q f(p / q) >= E_P g(D(x)) - E_Q f*(g(D(G(z)))), with P the data, Q the generated distribution, f* the
convex conjugate of f, and g an increasing function onto its domain, Table 2. D maximises the bound, which is tight
where g(D) = f'(p / q).
"""

import math
from abc import abstractmethod
from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import relu, softplus

import ganzoo

LIMIT = 10.0
"""Exponent above which an exponential goes on as its tangent, so that no logit makes it infinite."""


def exponential(x: Tensor) -> Tensor:
    """Return exp(x) up to LIMIT, and beyond it the tangent there."""
    return x.clamp(max=LIMIT).exp() * (1 + relu(x - LIMIT))


@dataclass(frozen=True)
class _Divergence(ganzoo.AdversarialLoss):
    """A game for one f."""

    saturating: bool = False
    """Let G minimise the bound itself instead of -E g(D(G(z))) (Sec. 3.2)."""

    @abstractmethod
    def activation(self, v: Tensor) -> Tensor:
        """Return g(v), elementwise."""

    @abstractmethod
    def conjugate(self, v: Tensor) -> Tensor:
        """Return f*(g(v)), elementwise."""

    def discriminator_loss(self, *, real: Tensor, fake: Tensor) -> Tensor:
        """Return minus the bound: -D_f(P || Q) for the best D."""
        return self.conjugate(fake).mean() - self.activation(real).mean()

    def generator_loss(self, *, fake: Tensor, real: Tensor | None = None) -> Tensor:
        return -(self.conjugate(fake) if self.saturating else self.activation(fake)).mean()


@dataclass(frozen=True)
class KullbackLeibler(_Divergence):
    """Minimise KL(data || G), which punishes what G leaves out. Nowozin et al. 2016, arXiv:1606.00709, Table 2.

    f(u) = u log u;  L_D = -E D(x) + E exp(D(G(z)) - 1);  the best D is 1 + log(p / q)

    Departs: beyond an exponent of 10 the exponential goes on as its tangent.
    """

    unbounded = True  # where q = 0, log(p / q) has no end

    def activation(self, v: Tensor) -> Tensor:
        return v

    def conjugate(self, v: Tensor) -> Tensor:
        return exponential(v - 1)


@dataclass(frozen=True)
class ReverseKullbackLeibler(_Divergence):
    """Minimise KL(G || data), which punishes what is not in the data. Nowozin et al. 2016, arXiv:1606.00709, Table 2.

    f(u) = -log u;  L_D = E exp(-D(x)) + E D(G(z)) - 1;  the best D is log(p / q)

    Departs: beyond an exponent of 10 the exponential goes on as its tangent.
    """

    unbounded = True  # where p = 0, log(p / q) has no end

    def activation(self, v: Tensor) -> Tensor:
        return -exponential(-v)

    def conjugate(self, v: Tensor) -> Tensor:
        return v - 1


@dataclass(frozen=True)
class Pearson(_Divergence):
    """Minimise the Pearson chi-square of data and G. Nowozin et al. 2016, arXiv:1606.00709, Table 2.

    f(u) = (u - 1)^2;  L_D = -E D(x) + E (D(G(z))^2 / 4 + D(G(z)));  the best D is 2 (p / q - 1)

    Departs: below a logit of -2, which no ratio of densities has, f* is -1, its value for u >= 0. The paper's parabola
    would rise again, and push fake logits up.
    """

    unbounded = True  # where q = 0, p / q has no end

    def activation(self, v: Tensor) -> Tensor:
        return v

    def conjugate(self, v: Tensor) -> Tensor:
        return relu(1 + v / 2).square() - 1


@dataclass(frozen=True)
class Hellinger(_Divergence):
    """Minimise the squared Hellinger distance of data and G. Nowozin et al. 2016, arXiv:1606.00709, Table 2.

    f(u) = (sqrt(u) - 1)^2;  L_D = E exp(-D(x)) + E exp(D(G(z))) - 2;  the best D is log(p / q) / 2

    Departs: beyond an exponent of 10 the exponentials go on as their tangents.
    """

    def activation(self, v: Tensor) -> Tensor:
        return 1 - exponential(-v)

    def conjugate(self, v: Tensor) -> Tensor:
        return exponential(v) - 1


@dataclass(frozen=True)
class JensenShannon(_Divergence):
    """Minimise twice the Jensen-Shannon divergence of data and G. Nowozin et al. 2016, arXiv:1606.00709, Table 2.

    f(u) = u log u - (u + 1) log((u + 1) / 2);  L_D = E softplus(-D(x)) + E softplus(D(G(z))) - 2 log 2

    The best D is log(p / q). Both players have the gradients of `bce`, with `saturating` those of `minimax`; only the
    value is shifted, so that it is minus the divergence.
    """

    def activation(self, v: Tensor) -> Tensor:
        return math.log(2) - softplus(-v)

    def conjugate(self, v: Tensor) -> Tensor:
        return softplus(v) - math.log(2)
