"""A plugin with an optimiser and a schedule: Lion, as a reader of the docs writes it, and a step schedule."""

from dataclasses import dataclass, field

import torch

import ganzoo


class SignedMomentum(torch.optim.Optimizer):
    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for weight in (weight for weight in group["params"] if weight.grad is not None):
                momentum = self.state[weight].setdefault("momentum", torch.zeros_like(weight))
                direction = momentum.lerp(weight.grad, 1 - beta1).sign()
                weight -= group["lr"] * (direction + group["decay"] * weight)
                momentum.lerp_(weight.grad, 1 - beta2)


@dataclass(frozen=True)
class MyLion(ganzoo.UpdateRule):
    """Move each weight by the learning rate, up or down. Chen et al. 2023, arXiv:2302.06675, Algorithm 2."""

    reads = ("beta1", "beta2", "beta2_end", "weight_decay")
    normalized = True

    def optimizer(self, weights, lr, settings):
        betas = settings.beta1, settings.beta2
        return SignedMomentum(weights, {"lr": lr, "betas": betas, "decay": settings.weight_decay})


@ganzoo.hookimpl
def register_optimizers():
    return {"my-lion": MyLion}


@dataclass(frozen=True)
class Steps(ganzoo.Schedule):
    """Multiply the rates by a factor at some shares of the run. He et al. 2016, arXiv:1512.03385, Section 3.4."""

    factor: ganzoo.PositiveFloat = 0.1
    at: list[float] = field(default_factory=lambda: [0.5, 0.75])

    def left(self, done):
        return self.factor ** sum(done >= share for share in self.at)


@ganzoo.hookimpl
def register_schedules():
    return {"step": Steps}
