"""Orthogonal regularization of the weights of both networks."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

import ganzoo


@dataclass(frozen=True)
class Orthogonal(ganzoo.Regularizer):
    """Pull the filters of each layer to right angles. Brock et al. 2019, arXiv:1809.11096, Eq. 3.

    weight * sum over layers of || W W^T * (1 - I) ||_F^2, where a row of W is a filter, for G by weight_g and for D by
    weight_d. With `norms` it is || W W^T - I ||_F^2, Eq. 2, which also pulls filters to length 1, as in Brock et al.
    2017, arXiv:1609.07093. Under spectral norm it is about the weights before they are divided. Layers are
    convolutions and linear layers; embeddings of labels are not.
    """

    weight_g: ganzoo.NonNegativeFloat = 1e-4
    weight_d: ganzoo.NonNegativeFloat = 1e-4
    norms: bool = False
    """True to pull filters to length 1 too."""

    def discriminator_term(self, game: ganzoo.Game, *, real: ganzoo.Verdict, fake: ganzoo.Verdict) -> Tensor:
        return self.weight_d * self._distance(game.D, real.logits)

    def generator_term(self, game: ganzoo.Game, *, fake: ganzoo.Verdict) -> Tensor:
        return self.weight_g * self._distance(game.G, fake.logits)

    def _distance(self, network: nn.Module, like: Tensor) -> Tensor:
        """Return the squared distance of all filters of a network from right angles: a scalar."""
        return torch.stack([like.new_zeros(()), *(self._of_layer(W) for W in filters(network))]).sum()

    def _of_layer(self, W: Tensor) -> Tensor:
        gram, identity = W @ W.T, torch.eye(len(W), device=W.device)
        return (gram - identity if self.norms else gram * (1 - identity)).square().sum()


def filters(network: nn.Module) -> Iterator[Tensor]:
    """Yield the filters of each layer, one in each row: (out, in * kernel)."""
    for layer in network.modules():
        if isinstance(layer, nn.modules.conv._ConvNd | nn.Linear):
            weight = layer.parametrizations.weight.original if is_parametrized(layer, "weight") else layer.weight
            yield (weight.transpose(0, 1) if getattr(layer, "transposed", False) else weight).flatten(1)
