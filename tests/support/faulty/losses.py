"""Losses that break one promise each."""

import torch
from torch.nn.functional import softplus

from ganzoo.builtin.losses import NonSaturating, Wasserstein
from ganzoo.testing import losses
from support.faulty.plant import planted


@planted("loss", losses.losses_are_scalars_with_finite_gradients, r"shape \(\)\n  came    torch.float32 \(1,\)")
class PerSample(NonSaturating):
    def generator_loss(self, *, fake, real=None):
        return softplus(-fake)


@planted("loss", losses.losses_are_scalars_with_finite_gradients, r"float64 \(\)\n  try     \.float\(\)")
class Double(NonSaturating):
    def discriminator_loss(self, *, real, fake):
        return super().discriminator_loss(real=real, fake=fake).double()


@planted("loss", losses.losses_are_scalars_with_finite_gradients, "relativistic = True")
class Forgotten(NonSaturating):
    def generator_loss(self, *, fake, real=None):
        return softplus(real - fake).mean()


@planted("loss", losses.losses_are_means_over_the_batch, r"not sum\(\)")
class Summed(NonSaturating):
    def generator_loss(self, *, fake, real=None):
        return softplus(-fake).sum()


@planted("loss", losses.discriminator_loss_falls_when_real_logits_rise, "fall when real logits rise")
@planted("loss", losses.discriminator_loss_falls_when_fake_logits_fall, "fall when fake logits fall")
@planted("loss", losses.generator_loss_falls_when_fake_logits_rise, "fall when fake logits rise")
class LowerIsReal(Wasserstein):
    def discriminator_loss(self, *, real, fake):
        return real.mean() - fake.mean()

    def generator_loss(self, *, fake, real=None):
        return fake.mean()


@planted("loss", losses.relativistic_says_whether_generator_loss_reads_real, "relativistic = True")
class Secret(NonSaturating):
    def generator_loss(self, *, fake, real=None):
        return softplus(-fake).mean() if real is None else softplus(real - fake).mean()


@planted("loss", losses.relativistic_says_whether_generator_loss_reads_real, "relativistic = False")
class Pretender(NonSaturating):
    relativistic = True


@planted("loss", losses.unbounded_says_whether_its_gain_has_no_end, "unbounded = True, since D's loss goes from -200")
class Unsaid(Wasserstein):
    unbounded = False


@planted("loss", losses.logits_are_keyword_only, r"discriminator_loss\(self, real, fake\)")
class Positional(NonSaturating):
    def discriminator_loss(self, real, fake):
        return softplus(-real).mean() + softplus(fake).mean()


@planted("loss", losses.logits_stay_as_they_were, "logits changed in place")
class InPlace(NonSaturating):
    def generator_loss(self, *, fake, real=None):
        return softplus(fake.detach().neg_()).mean() + 0 * fake.sum()


@planted("loss", losses.extreme_logits_stay_finite, "logits of .-10,000 to be finite")
class Exponential(NonSaturating):
    def generator_loss(self, *, fake, real=None):
        return torch.log(1 + torch.exp(-fake)).mean()
