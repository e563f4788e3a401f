"""Augmentations that break one promise each."""

import random
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn
from torch.autograd.function import once_differentiable

import ganzoo
from ganzoo.testing import augmentations
from support.faulty.plant import planted


class Change(nn.Module):
    """Multiplies each sample by its own factor, unless a subclass does something else."""

    def __init__(self):
        super().__init__()
        self.register_buffer("strength", torch.zeros(()))

    def forward(self, x):
        return x * self.factors(x)

    def factors(self, x):
        return torch.rand(len(x), *[1] * (x.ndim - 1)) + 0.5


@dataclass(frozen=True)
class Brightness(ganzoo.Augmentation):
    """Factors of U[0.5, 1.5]; nobody's invention."""

    change: ClassVar[type] = Change

    def transform(self, data):
        return self.change()


class _Cropping(Change):
    def forward(self, x):
        return x[..., 1:]


@planted("augment", augmentations.samples_keep_their_shape, "changed samples to be float32 of shape")
class Cropping(Brightness):
    change = _Cropping


class _InPlace(Change):
    def forward(self, x):
        return x.mul_(self.factors(x))


@planted("augment", augmentations.samples_stay_as_they_were, "a change in place")
class Overwriting(Brightness):
    change = _InPlace


class _Mixing(Change):
    def forward(self, x):
        return x - x.mean(dim=0)


@planted("augment", augmentations.each_sample_is_changed_on_its_own, "not over the batch")
class MixingAll(Brightness):
    change = _Mixing


class _Once(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        return gradient * 2


class _Doubled(Change):
    def forward(self, x):
        return _Once.apply(x)


@planted("augment", augmentations.a_penalty_differentiates_through_it, "a second derivative")
class Once(Brightness):
    change = _Doubled


class _Uniform(Change):
    def factors(self, x):
        return torch.rand(()) + 0.5


@planted("augment", augmentations.samples_are_changed_differently, "one random number per sample")
class OneForAll(Brightness):
    change = _Uniform


_drawn = random.Random(0)


class _OwnDraws(Change):
    def factors(self, x):
        return torch.tensor([_drawn.random() for _ in x]).reshape(-1, *[1] * (x.ndim - 1)) + 0.5


@planted("augment", augmentations.draws_follow_from_the_seed, "equal changes from equal random states")
class OwnDraws(Brightness):
    change = _OwnDraws


class _Counting(Change):
    calls = 0

    def factors(self, x):
        self.calls += 1
        return super().factors(x) / self.calls


@planted("augment", augmentations.draws_follow_from_the_seed, "keep calls, which the call changed, in a buffer")
class Counting(Brightness):
    change = _Counting


@planted("augment", augmentations.adapt_changes_buffers_in_place, "others: strength")
class Rebinding(Brightness):
    def adapt(self, transform, real_logits):
        transform.strength = transform.strength + real_logits.sign().mean()


class _Trained(Change):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))


@planted("augment", augmentations.nothing_in_it_is_trained, "parameters scale")
class Trained(Brightness):
    change = _Trained


class _Table8(Change):
    def __init__(self):
        super().__init__()
        self.factor = torch.rand(())

    def factors(self, x):
        return self.factor


@planted("augment", augmentations.transforms_are_saved_copied_and_moved, "once its state is loaded")
class Unsaved(Brightness):
    change = _Table8
