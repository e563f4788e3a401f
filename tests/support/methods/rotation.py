"""SS-GAN: a head of D tells by how much an image was turned."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.functional import cross_entropy

import ganzoo


@dataclass(frozen=True)
class Rotation(ganzoo.Regularizer):
    """D classifies turned reals, G is to make fakes that it can. Chen et al. 2019, arXiv:1811.11212, Eq. 2-3."""

    weight_d: ganzoo.NonNegativeFloat = 1.0
    weight_g: ganzoo.NonNegativeFloat = 0.2

    def state(self, data, feature_dim):
        if data.shape[-1] != data.shape[-2]:
            raise ganzoo.ConfigError(f"only squares can be turned, not {data.shape}", hint="--regularizer none")
        return nn.Linear(feature_dim, 4)

    def discriminator_term(self, game, *, real, fake):
        return self.weight_d * self._tell_turns(game, game.x_real)

    def generator_term(self, game, *, fake):
        return self.weight_g * self._tell_turns(game, game.x_fake)

    def _tell_turns(self, game, x):
        turned = torch.cat([x.rot90(quarters, dims=(2, 3)) for quarters in range(4)])
        features = game.discriminator(turned, game.y.repeat(4)).features
        turns = torch.arange(4, device=x.device).repeat_interleave(len(x))
        return cross_entropy(game.state(features), turns)


@ganzoo.hookimpl
def register_regularizers():
    return {"rotation": Rotation}
