"""The Dirac-GAN of Mescheder et al. 2018, arXiv:1801.04406: one number each for G and D."""

import torch
from torch import nn
from torch.optim import SGD

from ganzoo.builtin import optimizers
from ganzoo.builtin.augmentations import NoAugmentation
from ganzoo.builtin.conditioners import Unconditional
from ganzoo.builtin.schedules import Constant
from ganzoo.contracts import DataSpec, Model, Verdict
from ganzoo.training.device import choose_device
from ganzoo.training.gan import GAN, Generator, average_of

CPU = choose_device("cpu", "fp32")


class Point(nn.Module):
    """A generator that always emits theta."""

    def __init__(self):
        super().__init__()
        self.theta = nn.Parameter(torch.ones(1))

    def forward(self, z, c):
        return self.theta.expand(len(z), 1)


class Slope(nn.Module):
    """A discriminator D(x) = psi * x."""

    def __init__(self):
        super().__init__()
        self.psi = nn.Parameter(torch.ones(1))

    def forward(self, x, y):
        return Verdict(self.psi * x.squeeze(1))


class Dirac(Model):
    """Both, as one."""

    z_dim = 1

    def generator(self, data, embedding_dim):
        return Point()

    def discriminator(self, data, *, per_sample):
        return Slope()


def dirac_gan(loss, lipschitz, *, lr=0.1, model=None, augmentation=None) -> GAN:
    augmentation = augmentation or NoAugmentation()
    G, D = Generator(Point(), Unconditional().generator_embedding(1)), Slope()
    return GAN(
        G=G,
        D=D,
        G_ema=average_of(G),
        ema_decay=0.0,
        opt_g=SGD(G.parameters(), lr),
        opt_d=SGD(D.parameters(), lr),
        model=model or Dirac(),
        loss=loss,
        lipschitz=lipschitz,
        conditioner=Unconditional(),
        augmentation=augmentation,
        update_rule=optimizers.SGD(),
        schedule=Constant(),
        transform=augmentation.transform(DataSpec((1,))),
        data=DataSpec((1,)),
        device=CPU,
        per_sample=True,
        penalty_scale=torch.ones(()),
    )
