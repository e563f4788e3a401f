"""Optimisers and schedules that break one promise each."""

from dataclasses import dataclass
from typing import ClassVar

import torch

import ganzoo
from ganzoo.testing import descent
from support.faulty.plant import planted


class Signs(torch.optim.Optimizer):
    """w <- w - lr sign(m), with m <- beta2 m + (1 - beta2) g."""

    rate = None

    def gradient(self, weight):
        return weight.grad

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for weight in group["params"]:
                if (gradient := self.gradient(weight)) is not None:
                    self.move(weight, gradient, self.rate or group["lr"], group["beta2"])

    def move(self, weight, gradient, rate, beta2):
        mean = self.state[weight].setdefault("mean", torch.zeros_like(weight))
        mean.lerp_(gradient, 1 - beta2)
        weight -= rate * mean.sign()


@dataclass(frozen=True)
class Sound(ganzoo.UpdateRule):
    """Moves weights by the sign of a mean of gradients; nobody's invention."""

    reads: ClassVar[tuple[str, ...]] = ("beta2",)
    normalized: ClassVar[bool] = True
    made: ClassVar[type] = Signs

    def optimizer(self, weights, lr, settings):
        return self.made(weights, {"lr": lr, "beta2": settings.beta2})


class _Upward(Signs):
    def gradient(self, weight):
        return None if weight.grad is None else -weight.grad


@planted("optimizer", descent.it_lowers_a_loss, "a lower loss after 60 steps")
class Upward(Sound):
    made = _Upward


@planted("optimizer", descent.it_lowers_a_loss, r"a torch.optim.Optimizer\n  came    a list")
class NoOptimizer(Sound):
    def optimizer(self, weights, lr, settings):
        return list(weights)


class _OwnRate(Signs):
    rate = 0.01


@planted("optimizer", descent.the_rate_of_the_groups_is_obeyed, "no step at a rate of 0")
class OwnRate(Sound):
    made = _OwnRate


class _Decays(Signs):
    def gradient(self, weight):
        return torch.zeros_like(weight) + 0.1 if weight.grad is None else weight.grad


@planted("optimizer", descent.weights_without_gradient_stay, "a frozen weight to stay")
class MovesFrozen(Sound):
    made = _Decays


class _Forgetful(Signs):
    def move(self, weight, gradient, rate, beta2):
        self.means = getattr(self, "means", {})
        mean = self.means.setdefault(weight, torch.zeros_like(weight))
        mean.lerp_(gradient, 1 - beta2)
        weight -= rate * mean


@planted("optimizer", descent.a_saved_state_goes_on_exactly, "equal weights after the state is loaded")
class Forgetful(Sound):
    normalized = False
    made = _Forgetful


@planted("optimizer", descent.reads_says_which_settings_matter, r"reads = \('beta2',\)")
class Unsaid(Sound):
    reads = ()


@planted("optimizer", descent.reads_says_which_settings_matter, "`betas` in the groups")
class NoBetas(Sound):
    reads = ("beta2", "beta2_end")


class _Rated(Signs):
    def move(self, weight, gradient, rate, beta2):
        weight -= rate * gradient.sign()


@planted("optimizer", descent.reads_says_which_settings_matter, r"reads = \(\)")
class NoBetasAtAll(Sound):
    reads = ("beta2", "beta2_end")
    made = _Rated


@planted("optimizer", descent.normalized_says_whether_gradients_have_no_size, "normalized = True")
class NotNormalized(Sound):
    normalized = False


class _Counts(Signs):
    def move(self, weight, gradient, rate, beta2):
        super().move(weight, gradient, rate, beta2)
        self.state[weight]["count"] = self.state[weight].get("count", 0) + 1


@planted(
    "optimizer", descent.captured_steps_take_a_tensor_and_count_in_tensors, "numbers of Python in the state: count"
)
class CountsOnHost(Sound):
    captured = True
    made = _Counts


@dataclass(frozen=True)
class Line(ganzoo.Schedule):
    """A line; nobody's invention."""

    def left(self, done):
        return 1.0 - done


@planted("schedule", descent.left_goes_from_1_and_stays_finite, r"left\(0\) == 1")
class Upside(Line):
    def left(self, done):
        return done


@planted("schedule", descent.left_goes_from_1_and_stays_finite, "at least 0")
class Below(Line):
    def left(self, done):
        return 1 - 2 * done


_calls = [0]


@planted("schedule", descent.left_depends_on_the_share_alone, "equal numbers in any order")
class Counting(Line):
    def left(self, done):
        _calls[0] += 1
        return 1.0 if done == 0 else 1 / _calls[0]
