"""Consistency of the logits of pixels under CutMix. Schonfeld et al. 2020, arXiv:2002.12655, Sec. 3.2."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

import ganzoo


@dataclass(frozen=True)
class CutMix(ganzoo.Regularizer):
    """Ask each pixel's logit not to change when another image fills the rest. arXiv:2002.12655, Eq. 6 and 7.

    weight * E (D_p(mix(x, G(z), M)) - mix(D_p(x), D_p(G(z)), M))^2, the mean over pixels p, where mix takes the pixels
    of x where M is 1 and those of G(z) elsewhere. M is a random box as in CutMix (Yun et al. 2019, arXiv:1905.04899),
    inside or outside of which x is. It needs a D with logits of pixels: `--model unetgan`. Departs: every batch is
    mixed, where the paper's share grows from 0 to 1/2; mixed images have no loss of their own; D sees all three without
    the augmentation, which may move pixels.
    """

    weight: ganzoo.NonNegativeFloat = 1.0

    def state(self, data: ganzoo.DataSpec, feature_dim: int) -> nn.Module:
        """Raises ConfigError unless samples are images."""
        if len(data.shape) != 3:
            what = f"regularizer 'cutmix' cuts images (C, H, W), but samples have shape {data.shape}"
            raise ganzoo.ConfigError(what, hint="--regularizer zcr")
        return nn.Module()

    def discriminator_term(self, game: ganzoo.Game, *, real: ganzoo.Verdict, fake: ganzoo.Verdict) -> Tensor:
        """Raises ConfigError if D has no logit for each pixel."""
        mask = draw_mask(game.x_real)  # (N, 1, H, W)
        of_mix = self._pixel_logits(game, torch.where(mask, game.x_real, game.x_fake))
        of_real, of_fake = (self._pixel_logits(game, x) for x in (game.x_real, game.x_fake))
        return self.weight * mse_loss(of_mix, torch.where(mask.flatten(1), of_real, of_fake))

    def _pixel_logits(self, game: ganzoo.Game, x: Tensor) -> Tensor:
        """x (N, C, H, W) -> the last P of the logits (N, 2P), those of pixels."""
        logits: Tensor = game.D(x, game.y).logits
        pixels = x.shape[2] * x.shape[3]
        if logits.ndim != 2 or logits.shape[1] != 2 * pixels:
            what = f"regularizer 'cutmix' needs a logit for each pixel, but D has logits {tuple(logits.shape)}"
            raise ganzoo.ConfigError(what, hint="--model unetgan")
        return logits[:, pixels:]


def draw_mask(x: Tensor) -> Tensor:
    """Draw boxes of a share of U[0, 1] of the image, cut off at its border: (N, C, H, W) -> bool (N, 1, H, W).

    Half of the masks are True inside the box, and half outside.
    """
    n, _, height, width = x.shape
    share, inside = torch.rand(2, n, 1, 1, device=x.device)
    side = share.sqrt() / 2  # half a side, as a share of the image's
    centre_y, centre_x = torch.rand(2, n, 1, 1, device=x.device)
    rows = (torch.arange(height, device=x.device)[:, None] + 0.5) / height  # centres of pixels (H, 1)
    columns = (torch.arange(width, device=x.device) + 0.5) / width  # (W,)
    box = ((rows - centre_y).abs() <= side) & ((columns - centre_x).abs() <= side)  # (N, H, W)
    return (box ^ (inside < 0.5))[:, None]
