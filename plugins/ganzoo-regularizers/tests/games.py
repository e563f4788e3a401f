"""Games by hand: networks of a few weights, and the update that a regularizer sees."""

from functools import cache

import torch
from torch import nn

import ganzoo


@cache
def built_in(kind, name):
    """A component that ships with ganzoo."""
    return ganzoo.load_zoo(disabled=["all"]).entry(kind, name).component()


class Scale(nn.Module):
    """G(z) = theta * z."""

    def __init__(self, theta=1.0):
        super().__init__()
        self.theta = nn.Parameter(torch.tensor(theta))

    def forward(self, z, y):
        return self.theta * z


class Slope(nn.Module):
    """D(x) = psi * the sum of x, whose features are x itself."""

    def __init__(self, psi=1.0):
        super().__init__()
        self.psi = nn.Parameter(torch.tensor(psi))

    def forward(self, x, y):
        return ganzoo.Verdict(self.psi * x.flatten(1).sum(dim=1), features=x.flatten(1))


class Pairing(ganzoo.AdversarialLoss):
    """A relativistic loss."""

    relativistic = True

    def discriminator_loss(self, *, real, fake):
        return (fake - real).mean()

    def generator_loss(self, *, fake, real=None):
        return (real - fake).mean()


def game(*, G=None, D=None, x_real=None, z=None, loss="wgan", state=None):
    """An update of G; networks, samples and latents of shape (2, 1) unless given."""
    G, D = G or Scale(), D or Slope()
    z = torch.zeros(2, 1) if z is None else z
    y = torch.zeros(len(z), dtype=torch.long)
    return ganzoo.Game(
        generator=G,
        discriminator=D,
        G=G,
        D=D,
        x_real=torch.zeros_like(z) if x_real is None else x_real,
        x_fake=G(z, y),
        z=z,
        y=y,
        loss=built_in("loss", loss) if isinstance(loss, str) else loss,
        state=state or nn.Module(),
    )


def verdict(game):
    """Verdict of D on the fakes."""
    return game.discriminator(game.x_fake, game.y)
