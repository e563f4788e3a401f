"""Regularizers that break one promise each."""

import random
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

import ganzoo
from ganzoo.testing import regularizers
from support.faulty.plant import planted


class State(nn.Module):
    """A moving average, and a head that says if features are those of a real sample."""

    def __init__(self, feature_dim):
        super().__init__()
        self.register_buffer("mean", torch.zeros(()))
        self.head = nn.Linear(feature_dim, 1)


@dataclass(frozen=True)
class Sound(ganzoo.Regularizer):
    """Trains a head on the features, and pulls the logits of fakes to their moving average; nobody's invention."""

    make: ClassVar[type] = State

    def state(self, data, feature_dim):
        return self.make(feature_dim)

    def discriminator_term(self, game, *, real, fake):
        game.state.mean.lerp_(fake.logits.detach().mean(), 0.1)
        return (real.features - fake.features).square().mean() + game.state.head(real.features).square().mean()

    def generator_term(self, game, *, fake):
        return (fake.logits - game.state.mean).square().mean()


@planted("regularizer", regularizers.terms_are_scalars, r"discriminator_term to be float32 of shape \(\)")
class PerSample(Sound):
    def discriminator_term(self, game, *, real, fake):
        return (real.logits - fake.logits).square()


@planted("regularizer", regularizers.terms_are_scalars, r"generator_term to be finite")
class Infinite(Sound):
    def generator_term(self, game, *, fake):
        return super().generator_term(game, fake=fake) / 0


@planted("regularizer", regularizers.terms_reach_their_player, "a gradient of discriminator_term")
class Detached(Sound):
    def discriminator_term(self, game, *, real, fake):
        return super().discriminator_term(game, real=real, fake=fake).detach()


@planted("regularizer", regularizers.terms_reach_their_player, "generator_term by the weights of its player")
class OfTheOther(Sound):
    def generator_term(self, game, *, fake):
        return game.discriminator(game.x_real, game.y).logits.mean()


class _Idle(State):
    def __init__(self, feature_dim):
        super().__init__(feature_dim)
        self.scale = nn.Parameter(torch.ones(()))


@planted("regularizer", regularizers.every_head_is_trained, "none by .*scale")
class Idle(Sound):
    make = _Idle


@planted("regularizer", regularizers.every_head_is_trained, "a discriminator_term that trains them")
class NeverTrained(ganzoo.Regularizer):
    """Has a head that only G's loss reads; nobody's invention."""

    def state(self, data, feature_dim):
        return State(feature_dim)

    def generator_term(self, game, *, fake):
        return game.state.head(fake.features).mean()


@planted("regularizer", regularizers.buffers_change_in_place, "others: mean")
class Rebound(Sound):
    def discriminator_term(self, game, *, real, fake):
        game.state.mean = game.state.mean + fake.logits.detach().mean()
        return super().discriminator_term(game, real=real, fake=fake)


_drawn = random.Random(0)


@planted("regularizer", regularizers.terms_follow_from_the_seed, "equal results of discriminator_term")
class DrawnElsewhere(Sound):
    def discriminator_term(self, game, *, real, fake):
        return super().discriminator_term(game, real=real, fake=fake) * (1 + _drawn.random())


class _Unsaved(State):
    def __init__(self, feature_dim):
        super().__init__(feature_dim)
        self.scale = torch.rand(())


@planted("regularizer", regularizers.states_are_saved_copied_and_moved, "once its state is loaded")
class Unsaved(Sound):
    make = _Unsaved

    def discriminator_term(self, game, *, real, fake):
        return super().discriminator_term(game, real=real, fake=fake) * game.state.scale
