"""The gradient penalty of a Banach space: the slope by another norm of images."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import torch
from annotated_types import Ge, Gt, Le
from torch import Tensor

import ganzoo
from ganzoo_enforcers.penalties import points_between


@dataclass(frozen=True)
class Banach(ganzoo.LipschitzEnforcer):
    """Pull the slope to 1 by a Sobolev or L^p norm of images. Adler and Lunz 2018, arXiv:1806.06621, Eq. 9.

    weight * E (||grad D(x_hat)||_* - 1)^2, where x_hat is between real and fake, and ||.||_* is the dual of the norm
    ||x|| = || F^-1 (1 + c |xi|^2)^(s / 2) F x ||_p. That is the norm with -s for s and q = p / (p - 1) for p. F is the
    Fourier transform of each channel, and xi a frequency as a share of the highest. s > 0 stresses edges of images,
    s < 0 their rough content; p = 2 and s = 0 give `gp`.
    Departs: the paper divides D and its slope by the mean dual norm of reals, and the weight is their mean norm.
    """

    per_sample = True
    weight: ganzoo.NonNegativeFloat = 10.0
    p: Annotated[float, Gt(1), Le(100)] = 2.0
    """Exponent of the norm of images: large ones stress single pixels."""
    s: Annotated[float, Ge(-10), Le(10)] = 0.0
    """Order of the Sobolev norm; images alone have one other than 0."""
    c: ganzoo.NonNegativeFloat = 5.0
    """Factor of squared frequencies, as in the authors' code."""

    def penalty(self, critic: ganzoo.Critic, *, real: Tensor, fake: Tensor) -> Tensor:
        x = points_between(real, fake).requires_grad_(True)
        (gradient,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
        return self.weight * (self.dual_norm(gradient.float()) - 1).square().mean()

    def dual_norm(self, gradient: Tensor) -> Tensor:
        """Return the norm of each gradient (N, *shape) as a linear map of images: (N,).

        Raises ConfigError for a Sobolev norm of samples that are not images.
        """
        if self.s:
            gradient = sobolev(gradient, -self.s, self.c)
        norms: Tensor = torch.linalg.vector_norm(gradient.flatten(1), ord=self.p / (self.p - 1), dim=1)
        return norms

    def target_slopes(self) -> Mapping[str, float]:
        return {"between": 1.0} if self.p == 2 and not self.s else {}  # slopes are told by ||.||_2


def sobolev(x: Tensor, s: float, c: float) -> Tensor:
    """Scale each frequency of images (N, C, H, W) by (1 + c |xi|^2)^(s / 2). Raises ConfigError for other samples."""
    if x.ndim != 4:
        what = f"a Sobolev norm is one of images (C, H, W), but samples have shape {tuple(x.shape[1:])}"
        raise ganzoo.ConfigError(what, where="lipschitz.s", hint="--set lipschitz.s=0")
    rows, columns = (2 * torch.fft.fftfreq(size, device=x.device) for size in x.shape[2:])
    scale = (1 + c * (rows[:, None] ** 2 + columns**2)) ** (s / 2)
    return torch.fft.ifft2(torch.fft.fft2(x) * scale).real
