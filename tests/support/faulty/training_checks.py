"""Losses that build and step, and with which a run does not train or resume as it should."""

import itertools
import random
from dataclasses import dataclass, field

import numpy as np
from torch.nn.functional import softplus

import ganzoo
from ganzoo.builtin.lipschitz import GradientPenalty, SpectralNorm
from ganzoo.builtin.losses import NonSaturating
from ganzoo.testing import training_checks
from support.faulty.plant import planted


@planted("loss", training_checks.it_trains_some_steps, "weights of G that move")
class Frozen(NonSaturating):
    def generator_loss(self, *, fake, real=None):
        return 0 * fake.sum()


@planted("loss", training_checks.it_trains_some_steps, "no random numbers of numpy, python\n  came    some of numpy")
class Smoothed(NonSaturating):
    def discriminator_loss(self, *, real, fake):
        return softplus(-real).mean() * np.random.uniform(0.8, 1.0) + softplus(fake).mean()


@planted("lipschitz", training_checks.it_trains_some_steps, "came    some of python")
class Lazy(GradientPenalty):
    def penalty(self, critic, *, real, fake):
        return super().penalty(critic, real=real, fake=fake) * (random.random() < 0.5)


@planted("lipschitz", training_checks.an_interrupted_run_resumes_exactly, "torch's global generator")
class OwnDice(GradientPenalty):
    def penalty(self, critic, *, real, fake):
        return super().penalty(critic, real=real, fake=fake) * np.random.default_rng().uniform()


@planted("lipschitz", training_checks.it_trains_some_steps, "refused: too narrow")
class Refusing(SpectralNorm):
    def constrain(self, discriminator):
        raise ganzoo.ConfigError("too narrow")


@planted("loss", training_checks.it_trains_some_steps, "a copy of a list that is an option")
@dataclass(frozen=True)
class Growing(NonSaturating):
    """A loss; nobody's invention."""

    scales: list[float] = field(default_factory=lambda: [1.0])

    def discriminator_loss(self, *, real, fake):
        self.scales.append(1.0)
        return super().discriminator_loss(real=real, fake=fake)


@planted("loss", training_checks.it_trains_some_steps, "new attributes mean")
class Remembering(NonSaturating):
    def discriminator_loss(self, *, real, fake):
        object.__setattr__(self, "mean", real.detach().mean())
        return super().discriminator_loss(real=real, fake=fake)


_steps = itertools.count(1)


@planted("loss", training_checks.an_interrupted_run_resumes_exactly, "a resumed run to end like a whole one")
class Counting(NonSaturating):
    def discriminator_loss(self, *, real, fake):
        return next(_steps) * super().discriminator_loss(real=real, fake=fake)
