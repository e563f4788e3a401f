"""Mode seeking: latents that are far from each other are to give images that are."""

from dataclasses import dataclass

import torch
from torch import Tensor

import ganzoo


@dataclass(frozen=True)
class ModeSeeking(ganzoo.Regularizer):
    """Let G show the distance of two latents in its images. Mao et al. 2019, arXiv:1903.05628, Section 3.

    G: weight / (|G(z) - G(z')| / |z - z'| + eps), with z' ~ N(0, I) and the same labels; |.| is the mean of absolute
    values over the batch. The paper maximises the ratio; its authors' code minimises its inverse, as here.
    """

    weight: ganzoo.NonNegativeFloat = 1.0
    eps: ganzoo.PositiveFloat = 1e-5
    """Least ratio, so that G is not torn apart where it makes one image of all latents."""

    def generator_term(self, game: ganzoo.Game, *, fake: ganzoo.Verdict) -> Tensor:
        z = torch.randn_like(game.z)
        between_images = (game.generator(z, game.y) - game.x_fake).abs().mean()
        return self.weight / (between_images / (z - game.z).abs().mean() + self.eps)
