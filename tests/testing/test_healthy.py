"""Components that published methods need pass their checks: other shapes, frozen weights, other norms."""

import math
from dataclasses import dataclass
from typing import ClassVar

import pytest
import torch
from torch import nn

import ganzoo
from ganzoo.builtin.conditioners import Projection
from ganzoo.builtin.models.mlp import MLP, Discriminator, Generator
from ganzoo.testing import cases, conditioners
from ganzoo.testing.subjects import Subject
from ganzoo.zoo.checks import CONTRACTS
from ganzoo.zoo.plugins import load_zoo


def subjects_of(**components):
    """Components of one package, by their kind, as `find_subjects` returns them."""
    zoo, beside = load_zoo(disabled=["all"]), []
    for kind, component in components.items():
        zoo.add("sound", CONTRACTS[kind][0], kind, {component.__name__.lower(): component})
        beside.append(Subject(kind, component.__name__.lower(), component, zoo, {}, beside))
    return beside


def try_all(subject):
    """The outcomes of its checks, by name."""
    checks = [cases._case(subject, check) for check in cases._checks(subject.kind)]
    return {outcome.check: outcome for outcome in cases.try_each(checks)}


def failures(subject):
    return [outcome for outcome in try_all(subject).values() if outcome.state == "failed"]


@dataclass(frozen=True)
class Noise(ganzoo.Dataset):
    """Samples of noise; nobody's invention."""

    shape: ClassVar[tuple[int, ...]] = (1,)

    def load(self):
        draws = torch.Generator().manual_seed(0)
        x = torch.rand(12, *self.shape, generator=draws) * 2 - 1
        return ganzoo.Samples(x, torch.arange(12) % 3, ("a", "b", "c"))


@dataclass(frozen=True)
class Brightness(ganzoo.Metric):
    """Mean of the pixels of images alone; nobody's invention."""

    def compute(self, *, real, fake):
        return {}

    def compute_generator(self, sampler):
        x = sampler.samples(*sampler.draw(10))
        if x.ndim != 4:
            raise ganzoo.EvaluationError("it reads images")
        return {"brightness": ganzoo.Score(x.mean().item(), "higher")}


def test_a_metric_of_a_generator_may_read_images_alone():
    (subject,) = subjects_of(metric=Brightness)
    outcomes = try_all(subject)
    assert [outcome for outcome in outcomes.values() if outcome.state == "failed"] == []
    assert outcomes["a generator is measured alike every time"].state == "ok"


@dataclass(frozen=True)
class Growing(ganzoo.Regularizer):
    """The logits of the fakes, times a strength that is 0 at first; nobody's invention."""

    def state(self, data, feature_dim):
        state = nn.Module()
        state.register_buffer("strength", torch.zeros(()))
        return state

    def discriminator_term(self, game, *, real, fake):
        return game.state.strength * fake.logits.mean()


def test_a_term_may_wait_until_its_state_has_grown():
    (subject,) = subjects_of(regularizer=Growing)
    assert try_all(subject)["terms reach their player"].state == "ok"


@dataclass(frozen=True)
class OneShape(ganzoo.Model):
    """A pair of networks for one shape; nobody's invention."""

    z_dim: int = 4
    shape: ClassVar[tuple[int, ...]] = (1,)

    def check(self, data):
        if data.shape[1:] != self.shape[1:] or len(data.shape) != len(self.shape) or data.shape[0] > self.shape[0] + 3:
            raise ganzoo.ConfigError(f"this model makes samples of shape {self.shape}, not {data.shape}")

    def generator(self, data, embedding_dim):
        self.check(data)
        return Generator(self.z_dim + embedding_dim, 8, 1, data.shape)

    def discriminator(self, data, *, per_sample):
        self.check(data)
        return Discriminator(data.shape, 8, 1)


LARGE = [pytest.param(shape, marks=pytest.mark.full) for shape in ((1, 128, 64), (1, 4, 8, 8))]


@pytest.mark.parametrize("shape", [(1,), (1, 128), *LARGE], ids=str)
def test_a_model_of_another_shape_is_tried_on_the_dataset_beside_it(shape):
    model = type("Fixed", (OneShape,), {"shape": shape, "__doc__": OneShape.__doc__, "__module__": __name__})
    data = type("Data", (Noise,), {"shape": shape, "__doc__": Noise.__doc__, "__module__": __name__})
    subject, _ = subjects_of(model=dataclass(frozen=True)(model), dataset=dataclass(frozen=True)(data))
    assert [each for each in failures(subject) if each.check != "its class is found by name"] == []


class FrozenTrunk(Discriminator):
    """An MLP whose first layer is random features, as of a network that was trained before."""

    def __init__(self, *words):
        super().__init__(*words)
        next(self.parameters()).requires_grad_(False)


@dataclass(frozen=True)
class RandomFeatures(MLP):
    """A pair in which a layer of D is not trained, with a term that is off; nobody's invention."""

    weight: ganzoo.NonNegativeFloat = 0.0

    def generator(self, data, embedding_dim):
        return Generator(self.z_dim + embedding_dim, 8, 1, data.shape)

    def discriminator(self, data, *, per_sample):
        return FrozenTrunk(data.shape, 8, 1)

    def generator_penalty(self, generator, z, c):
        return self.weight * generator(z, c).square().mean() if self.weight else z.new_zeros(())


def test_frozen_weights_and_a_penalty_that_is_off_need_no_gradient():
    (subject,) = subjects_of(model=RandomFeatures)
    tried = try_all(subject)
    assert [each for each in tried.values() if each.state == "failed"] == []
    assert tried["generator penalty is a scalar"].state == "skipped"


@dataclass(frozen=True)
class Banach(ganzoo.LipschitzEnforcer):
    """Bound the slope in the dual of L^p. Adler and Lunz 2018, arXiv:1806.06621, Eq. 9 and Section 3.2."""

    per_sample = True
    weight: ganzoo.PositiveFloat = 10.0
    p: ganzoo.PositiveFloat = 4.0

    def penalty(self, critic, *, real, fake):
        epsilon = torch.rand(len(real), *[1] * (real.ndim - 1))
        x = (epsilon * real + (1 - epsilon) * fake).requires_grad_(True)
        (gradient,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
        dual, q = gradient.flatten(1), self.p / (self.p - 1)
        norm = (dual.abs() + 1e-8).pow(q).sum(dim=1).pow(1 / q)
        return self.weight * (norm - 1).square().mean()


@dataclass(frozen=True)
class Consistency(ganzoo.LipschitzEnforcer):
    """A gradient penalty and a bound on differences near reals. Wei et al. 2018, arXiv:1803.01541, Eqs. 4 and 7."""

    per_sample = True
    weight: ganzoo.PositiveFloat = 10.0
    near: ganzoo.PositiveFloat = 2.0
    margin: ganzoo.NonNegativeFloat = 0.1

    def penalty(self, critic, *, real, fake):
        epsilon = torch.rand(len(real), *[1] * (real.ndim - 1))
        slope = ganzoo.gradient_norm(critic, epsilon * real + (1 - epsilon) * fake)
        one, other = (real + 0.1 * torch.randn_like(real) for _ in range(2))
        distance = (one - other).flatten(1).norm(dim=1)
        near = ((critic(one) - critic(other)).abs() / distance - self.margin).relu()
        return self.weight * (slope - 1).square().mean() + self.near * near.mean()


class Blurred(nn.Module):
    """A discriminator that sees samples through dropout."""

    def __init__(self, network):
        super().__init__()
        self.network, self.drop = network, nn.Dropout(0.5)

    def forward(self, x, y):
        return self.network(self.drop(x), y)


@dataclass(frozen=True)
class Dropout(ganzoo.LipschitzEnforcer):
    """Ask for equal logits under dropout, which `constrain` puts into D; after Wei et al. 2018, arXiv:1803.01541."""

    per_sample = True

    def constrain(self, discriminator):
        return Blurred(discriminator)

    def penalty(self, critic, *, real, fake):
        return (critic(real) - critic(real)).square().mean()


@pytest.mark.parametrize("enforcer", [Banach, Consistency, Dropout])
def test_a_penalty_of_another_norm_with_random_directions_or_of_a_constrained_d_passes(enforcer):
    (subject,) = subjects_of(lipschitz=enforcer)
    assert failures(subject) == []


# One mistake is told once


class Broken(nn.Module):
    """Features of which the width is wrong."""

    feature_dim = 5

    def __init__(self, shape):
        super().__init__()
        self.layer = nn.Linear(math.prod(shape), 4)

    def forward(self, x):
        return self.layer(x.flatten(1))[:, :, None, None].mean(dim=5)


@dataclass(frozen=True)
class Crashing(MLP):
    """A pair whose D fails in a line of its own; nobody's invention."""

    def generator(self, data, embedding_dim):
        return Generator(self.z_dim + embedding_dim, 8, 1, data.shape)

    def discriminator(self, data, *, per_sample):
        return Broken(data.shape)


def test_one_mistake_is_told_once_and_what_follows_names_its_check():
    (subject,) = subjects_of(model=Crashing)
    failed = failures(subject)
    assert len(failed) > 5 and failed[0].follows == ""
    assert {each.follows for each in failed[1:]} == {failed[0].check}
    assert "mean(dim=5)" in failed[0].why and __file__ in failed[0].why


class Waiting(nn.Module):
    """The clock of a term that begins at nothing."""

    def __init__(self):
        super().__init__()
        self.register_buffer("progress", torch.zeros(()))


@dataclass(frozen=True)
class WarmUp(ganzoo.Regularizer):
    """Pull the logits of fakes to 0, in the course of the run; nobody's invention."""

    def state(self, data, feature_dim):
        return Waiting()

    def discriminator_term(self, game, *, real, fake):
        return game.state.progress * fake.logits.square().mean()


def test_a_term_that_begins_at_nothing_reaches_its_player_later():
    (subject,) = subjects_of(regularizer=WarmUp)
    assert try_all(subject)["terms reach their player"].state == "ok"


class ReadingHead(nn.Module):
    """Adds the product of features and label vectors to the logit."""

    def __init__(self, features, numbers):
        super().__init__()
        self.linear, self.embed = nn.Linear(features, 1), nn.Linear(numbers, features)

    def forward(self, h, y):
        return ganzoo.Verdict(self.linear(h).squeeze(1) + (self.embed(y) * h).sum(dim=1))


@dataclass(frozen=True)
class Readings(Projection):
    """Label vectors that the head of D reads; nobody's invention."""

    takes = "vectors"

    def generator_embedding(self, num_classes):
        return nn.Linear(num_classes, self.embedding_dim)

    def discriminator_head(self, feature_dim, num_classes):
        return ReadingHead(feature_dim, num_classes)


@pytest.mark.parametrize("check", conditioners.CHECKS, ids=lambda check: check.__name__)
def test_a_head_that_reads_label_vectors_is_given_vectors(check):
    (subject,) = subjects_of(conditioner=Readings)
    check(subject)
