"""Consensus optimization: both players make the gradients of both losses small."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call

import ganzoo

Weights = Mapping[str, Tensor]


@dataclass(frozen=True)
class Consensus(ganzoo.Regularizer):
    """Let both players shrink the gradients of both losses. Mescheder et al. 2017, arXiv:1705.10461, Algorithm 2.

    G and D: gamma / 2 * (||grad_G L_G||^2 + ||grad_D L_D||^2), where L are the adversarial losses of the batch, and
    grad_G and grad_D are gradients by the weights. Each player descends it by its own weights. D judges samples without
    augmentation here. It costs two more passes of each network, differentiated twice.
    """

    gamma: ganzoo.NonNegativeFloat = 10.0

    def discriminator_term(self, game: ganzoo.Game, *, real: ganzoo.Verdict, fake: ganzoo.Verdict) -> Tensor:
        return self.gamma / 2 * squared_gradients(game, leaves(game.G), dict(game.D.named_parameters()))

    def generator_term(self, game: ganzoo.Game, *, fake: ganzoo.Verdict) -> Tensor:
        return self.gamma / 2 * squared_gradients(game, dict(game.G.named_parameters()), leaves(game.D))


def leaves(network: nn.Module) -> Weights:
    """Return the weights of the other player, as constants by which its loss can be differentiated."""
    return {name: weight.detach().requires_grad_() for name, weight in network.named_parameters()}


@torch.enable_grad()
def squared_gradients(game: ganzoo.Game, of_g: Weights, of_d: Weights) -> Tensor:
    """Return ||grad_G L_G||^2 + ||grad_D L_D||^2 by the given weights: a scalar with its graph."""
    x_fake = functional_call(game.G, dict(of_g), (game.z, game.y)).float()
    real, fake = (functional_call(game.D, dict(of_d), (x, game.y)).logits.flatten() for x in (game.x_real, x_fake))
    loss_g = game.loss.generator_loss(fake=fake, real=real if game.loss.relativistic else None)
    loss_d = game.loss.discriminator_loss(real=real, fake=fake)
    return squared_norm(loss_g, of_g.values()) + squared_norm(loss_d, of_d.values())


def squared_norm(loss: Tensor, weights: Iterable[Tensor]) -> Tensor:
    """Return the squared norm of the gradient of a loss: a scalar with its graph."""
    free = [weight for weight in weights if weight.requires_grad]
    if not free:  # a player of which all weights are frozen
        return loss.new_zeros(())
    gradients = torch.autograd.grad(loss, free, create_graph=True, allow_unused=True)
    return torch.stack([gradient.square().sum() for gradient in gradients if gradient is not None]).sum()
