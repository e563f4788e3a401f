"""SS-GAN: a head of D tells by how much an image was turned."""

from dataclasses import dataclass
from typing import Annotated

import torch
from annotated_types import Gt, Le
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

import ganzoo


@dataclass(frozen=True)
class SelfSupervision(ganzoo.Regularizer):
    """Let D tell the turn of reals, and G make fakes whose turn D can tell. Chen et al. 2019, arXiv:1811.11212.

    D: -weight_d * E log Q(R = r | T_r x);  G: -weight_g * E log Q(R = r | T_r G(z)). T_r turns an image by r quarters,
    r = 0, 1, 2, 3, and Q is a linear head on D's features. These are Eq. 2 and 3. Of each batch the first images are
    turned, each by all r.
    """

    weight_d: ganzoo.NonNegativeFloat = 1.0
    weight_g: ganzoo.NonNegativeFloat = 0.2
    share: Annotated[float, Gt(0), Le(1)] = 0.25
    """Share of a batch that is turned, one image at least; at 0.25, D sees as many turned images as others."""

    def state(self, data: ganzoo.DataSpec, feature_dim: int) -> nn.Module:
        """Raises ConfigError unless samples are images with equal sides."""
        if len(data.shape) != 3 or data.shape[1] != data.shape[2]:
            what = f"regularizer 'ssgan' turns images (C, H, W) with equal sides, but samples have shape {data.shape}"
            raise ganzoo.ConfigError(what, hint="--regularizer none")
        return nn.Linear(feature_dim, 4)

    def discriminator_term(self, game: ganzoo.Game, *, real: ganzoo.Verdict, fake: ganzoo.Verdict) -> Tensor:
        return self.weight_d * self._tell_turns(game, game.x_real)

    def generator_term(self, game: ganzoo.Game, *, fake: ganzoo.Verdict) -> Tensor:
        return self.weight_g * self._tell_turns(game, game.x_fake)

    def _tell_turns(self, game: ganzoo.Game, x: Tensor) -> Tensor:
        """Return the cross-entropy of the turns that Q tells, a scalar."""
        n = max(1, int(len(x) * self.share))
        turned = torch.cat([x[:n].rot90(quarters, dims=(2, 3)) for quarters in range(4)])
        features = game.discriminator(turned, torch.cat([game.y[:n]] * 4)).features
        assert features is not None  # D gives features with every head
        logits = game.state(features if features.ndim == 2 else features.mean(dim=1))  # of patches
        return cross_entropy(logits, torch.arange(4, device=x.device).repeat_interleave(n))
