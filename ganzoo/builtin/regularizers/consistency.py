"""Ask for equal logits where nothing that matters has changed. Zhao et al. 2020, arXiv:2002.04724."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss, pad

from ganzoo.builtin.augmentations.pixels import read_pixels
from ganzoo.contracts import DataSpec, Game, Regularizer, Verdict
from ganzoo.errors import ConfigError
from ganzoo.settings.options import NonNegativeFloat, NonNegativeInt


@dataclass(frozen=True)
class BalancedConsistency(Regularizer):
    """Ask D for equal logits of moved and mirrored images, real and fake. Zhao et al. 2020, arXiv:2002.04724, Alg. 1.

    weight_real * E (D(x) - D(T(x)))^2 + weight_fake * E (D(G(z)) - D(T(G(z))))^2. T moves an image by whole pixels and
    mirrors every second one, as in CR-GAN (arXiv:1910.12027), which is the case of weight_fake = 0.
    """

    weight_real: NonNegativeFloat = 10.0
    weight_fake: NonNegativeFloat = 10.0
    shift: NonNegativeInt = 4
    """Most pixels by which an image moves in each direction; what comes in is its mirror image."""
    mirror: bool = True
    """True to mirror left and right, which turns digits and letters into others."""

    def state(self, data: DataSpec, feature_dim: int) -> nn.Module:
        """Raises ConfigError unless samples are images with sides longer than `shift`."""
        if len(data.shape) != 3:
            what = f"regularizer 'bcr' moves images (C, H, W), but samples have shape {data.shape}"
            raise ConfigError(what, hint="--regularizer zcr")
        if min(data.shape[1:]) <= self.shift:
            what = f"regularizer 'bcr' moves images by {self.shift} pixels, but samples have shape {data.shape}"
            raise ConfigError(what, hint=f"--set regularizer.shift={min(data.shape[1:]) // 8}")
        return nn.Module()

    def discriminator_term(self, game: Game, *, real: Verdict, fake: Verdict) -> Tensor:
        moved_real, moved_fake = (move(x, self.shift, mirror=self.mirror) for x in (game.x_real, game.x_fake))
        of_real = mse_loss(game.discriminator(moved_real, game.y).logits, real.logits)
        of_fake = mse_loss(game.discriminator(moved_fake, game.y).logits, fake.logits)
        return self.weight_real * of_real + self.weight_fake * of_fake


def move(x: Tensor, shift: int, *, mirror: bool) -> Tensor:
    """Move each image by up to `shift` pixels each way, and mirror half of them: (N, C, H, W) -> (N, C, H, W)."""
    height, width = x.shape[-2:]
    down, right = torch.randint(2 * shift + 1, (2, len(x), 1, 1), device=x.device)
    columns = torch.arange(width, device=x.device).expand(len(x), 1, width)
    if mirror:
        columns = torch.where(torch.rand(len(x), 1, 1, device=x.device) < 0.5, columns.flip(2), columns)
    rows = torch.arange(height, device=x.device)[:, None] + down
    moved = read_pixels(pad(x, [shift] * 4, mode="reflect"), rows, columns + right)
    return moved.contiguous(memory_format=torch.channels_last)


@dataclass(frozen=True)
class LatentConsistency(Regularizer):
    """Ask D not to see a small change of z, and G to show it. Zhao et al. 2020, arXiv:2002.04724, Algorithm 2.

    D: weight_d * E (D(G(z)) - D(G(z + e)))^2;  G: -weight_g * E (G(z) - G(z + e))^2, the mean over all numbers of a
    sample;  e ~ N(0, noise^2). Together with bcr it is ICR-GAN: `--regularizer bcr+zcr`.
    """

    weight_d: NonNegativeFloat = 5.0
    weight_g: NonNegativeFloat = 0.5
    noise: NonNegativeFloat = 0.03
    """Standard deviation of the change of each number of z."""

    def discriminator_term(self, game: Game, *, real: Verdict, fake: Verdict) -> Tensor:
        return self.weight_d * mse_loss(game.discriminator(self._near(game), game.y).logits, fake.logits)

    def generator_term(self, game: Game, *, fake: Verdict) -> Tensor:
        return -self.weight_g * mse_loss(self._near(game), game.x_fake)

    def _near(self, game: Game) -> Tensor:
        """Return samples (N, *shape) of latents near those of the fakes."""
        return game.generator(game.z + self.noise * torch.randn_like(game.z), game.y)
