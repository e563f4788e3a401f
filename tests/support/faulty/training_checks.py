"""Losses that build and step, and with which a run does not train or resume as it should."""

import itertools

from ganzoo.builtin.losses import NonSaturating
from ganzoo.testing import training_checks
from support.faulty.plant import planted


@planted("loss", training_checks.it_trains_some_steps, "weights of G that move")
class Frozen(NonSaturating):
    def generator_loss(self, *, fake, real=None):
        return 0 * fake.sum()


_steps = itertools.count(1)


@planted("loss", training_checks.an_interrupted_run_resumes_exactly, "a resumed run to end like a whole one")
class Counting(NonSaturating):
    def discriminator_loss(self, *, real, fake):
        return next(_steps) * super().discriminator_loss(real=real, fake=fake)
