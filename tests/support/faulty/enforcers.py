"""Enforcers that break one promise each."""

import random

import torch
from torch import nn

from ganzoo.builtin.lipschitz import GradientPenalty, SpectralNorm, WeightClipping
from ganzoo.testing import enforcers
from support.faulty.plant import planted


@planted("lipschitz", enforcers.penalty_is_a_scalar_of_at_least_zero, "a penalty of at least 0")
class Reward(GradientPenalty):
    def penalty(self, critic, *, real, fake):
        return -super().penalty(critic, real=real, fake=fake)


@planted("lipschitz", enforcers.penalty_reaches_the_weights_of_the_critic, "create_graph=True")
class OneDerivative(GradientPenalty):
    def penalty(self, critic, *, real, fake):
        return super().penalty(critic, real=real, fake=fake).detach()


@planted("lipschitz", enforcers.penalty_of_a_flat_critic_has_finite_gradients, "its gradient to be finite")
class BareRoot(GradientPenalty):
    def penalty(self, critic, *, real, fake):
        x = real.clone().requires_grad_(True)
        (gradient,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
        return (gradient.square().flatten(1).sum(dim=1).sqrt() - 1).square().mean()


@planted("lipschitz", enforcers.penalty_of_a_linear_critic_is_a_mean_over_the_batch, "the norm per sample")
class WholeBatch(GradientPenalty):
    def penalty(self, critic, *, real, fake):
        x = real.clone().requires_grad_(True)
        (gradient,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
        return (gradient.norm() - 1).square()


@planted("lipschitz", enforcers.penalty_of_a_linear_critic_is_a_mean_over_the_batch, "the mean over the batch")
class Summed(GradientPenalty):
    def penalty(self, critic, *, real, fake):
        return super().penalty(critic, real=real, fake=fake) * len(real)


@planted("lipschitz", enforcers.penalty_of_a_linear_critic_depends_on_its_slope_alone, r"norm\(dim=1\) per sample")
class PerPixel(GradientPenalty):
    def penalty(self, critic, *, real, fake):
        x = real.clone().requires_grad_(True)
        (gradient,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
        return (gradient.norm(dim=1) - 1).square().mean()


@planted("lipschitz", enforcers.samples_stay_as_they_were, r"real.clone\(\)")
class InPlace(GradientPenalty):
    def penalty(self, critic, *, real, fake):
        return super().penalty(critic, real=real.mul_(0.5), fake=fake)


@planted("lipschitz", enforcers.samples_stay_as_they_were, r"real.clone\(\)")
class Leaf(GradientPenalty):
    def penalty(self, critic, *, real, fake):
        return super().penalty(critic, real=real.requires_grad_(True), fake=fake)


@planted("lipschitz", enforcers.per_sample_is_said_where_the_critic_is_differentiated, "per_sample = True")
class Unmentioned(GradientPenalty):
    per_sample = False


@planted("lipschitz", enforcers.project_done_twice_is_project_done_once, "a second projection that changes nothing")
class Shrinking(WeightClipping):
    @torch.no_grad()
    def project(self, discriminator):
        for weight in discriminator.parameters():
            weight.mul_(0.9)


@planted("lipschitz", enforcers.penalty_is_least_at_the_slope_it_pulls_to, "the least penalty at a slope of 0")
class WrongTarget(GradientPenalty):
    def target_slopes(self):
        return {"between": 0.0}


@planted("lipschitz", enforcers.penalty_is_least_at_the_slope_it_pulls_to, '"real", "fake" or "between"')
class UnknownPlace(GradientPenalty):
    def target_slopes(self):
        return {"everywhere": 1.0}


@planted("lipschitz", enforcers.project_moves_weights_to_the_limit_it_states, "weights of up to 1 after project")
class WrongLimit(WeightClipping):
    def weight_limit(self):
        return 1.0


class _Squeezed(nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x, y):
        return self.network(x, y)._replace(logits=self.network(x, y).logits[:, None])


@planted("lipschitz", enforcers.constrained_discriminator_judges_as_before, r"shape \(4,\)\n  came .*\(4, 1\)")
class Reshaping(SpectralNorm):
    def constrain(self, discriminator):
        return _Squeezed(discriminator)


class _Scaled(nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network, self.factor = network, random.random()  # not in its state

    def forward(self, x, y):
        return self.network(x, y)._replace(logits=self.network(x, y).logits * self.factor)


@planted("lipschitz", enforcers.constrained_state_loads_safely_and_exactly, "once its state is loaded")
class Forgetful(SpectralNorm):
    def constrain(self, discriminator):
        return _Scaled(discriminator)


@planted("lipschitz", enforcers.constrained_generator_makes_samples_as_before, r"shape \(4, 2\)\n  came .*\(4, 1\)")
class Narrowing(SpectralNorm):
    def constrain_generator(self, generator):
        generator.append(nn.Linear(2, 1))
