"""A plugin with one component on each axis that nothing which ships takes to its end."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

import ganzoo
from ganzoo.builtin.conditioners import ConditionalGAN
from ganzoo.builtin.models.mlp import MLP


class Fade(nn.Module):
    """A trunk whose output has noise that fades as the run goes on: trunk(...) + (1 - progress) noise / 10."""

    def __init__(self, trunk: nn.Module) -> None:
        super().__init__()
        self.trunk, self.feature_dim = trunk, getattr(trunk, "feature_dim", 0)
        self.register_buffer("progress", torch.zeros(()))

    def forward(self, *x: Tensor) -> Tensor:
        out = self.trunk(*x)
        return (out + (1 - self.progress) * torch.randn_like(out) / 10).clamp(-1, 1)


class Patches(nn.Module):
    """Samples (N, *shape) -> features of two heads and a clock (N, 2, F)."""

    def __init__(self, trunk: nn.Module) -> None:
        super().__init__()
        self.trunk, self.feature_dim = Fade(trunk), trunk.feature_dim
        self.second = nn.Linear(self.feature_dim, self.feature_dim)

    def forward(self, x: Tensor) -> Tensor:
        h = self.trunk(x)
        return torch.stack([h, self.second(h)], dim=1)


@dataclass(frozen=True)
class Fading(MLP):
    """The pair `mlp` with a clock in each network; nobody's invention."""

    def generator(self, data, embedding_dim):
        return Fade(super().generator(data, embedding_dim))

    def discriminator(self, data, *, per_sample):
        return Fade(super().discriminator(data, per_sample=per_sample))


@dataclass(frozen=True)
class Patched(MLP):
    """The pair `mlp`, whose D has two logits for each sample, and a clock; nobody's invention."""

    def discriminator(self, data, *, per_sample):
        return Patches(super().discriminator(data, per_sample=per_sample))


@dataclass(frozen=True)
class Paired(ganzoo.AdversarialLoss):
    """The relativistic pairing loss, whose G needs the logits of reals. arXiv:2501.05441, Eq. 2."""

    relativistic = True

    def discriminator_loss(self, *, real, fake):
        return softplus(fake - real).mean()

    def generator_loss(self, *, fake, real=None):
        return softplus(real - fake).mean()


@dataclass(frozen=True)
class Sided(ConditionalGAN):
    """cgan that pulls D's logits and G's to different numbers; nobody's invention."""

    def discriminator_auxiliary(self, *, real, fake, y):
        return 0.1 * (real.sample_logits - y).square().mean() + 0.1 * fake.features.square().mean()

    def generator_auxiliary(self, *, fake, y):
        return 0.1 * (fake.sample_logits - y).abs().mean()


class Kept(nn.Module):
    """A head with weights, a buffer that changes in place, and a clock."""

    def __init__(self, feature_dim: int) -> None:
        super().__init__()
        self.head = nn.Linear(feature_dim, 1)
        self.register_buffer("mean", torch.zeros(()))
        self.register_buffer("progress", torch.zeros(()))


@dataclass(frozen=True)
class Keeping(ganzoo.Regularizer):
    """Terms with all that terms may have: a trained head, a running mean, draws, networks, a clock; nobody's own."""

    def state(self, data, feature_dim):
        return Kept(feature_dim)

    def discriminator_term(self, game, *, real, fake):
        kept = game.state
        with torch.no_grad():
            kept.mean.lerp_(real.sample_logits.mean(), 0.1)
        moved = game.discriminator(game.x_real + 0.01 * torch.randn_like(game.x_real), game.y)
        drift = (kept.head(real.features) - kept.mean).square().mean()
        return (1 - kept.progress) * 0.1 * ((moved.logits - real.logits).square().mean() + drift)

    def generator_term(self, game, *, fake):
        near = game.generator(game.z + 0.01 * torch.randn_like(game.z), game.y)
        return -0.1 * (near - game.x_fake).square().mean() + 0.1 * game.state.head(fake.features).square().mean()


class Counted(torch.optim.Optimizer):
    """w <- w - lr m / (1 + t / 10) with a running mean m of gradients, after t updates of w."""

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                kept = self.state[weight] or {"t": torch.zeros(()), "m": torch.zeros_like(weight)}
                self.state[weight] = kept
                kept["m"].lerp_(weight.grad, 0.5)
                weight.sub_(group["lr"] * kept["m"] / (1 + kept["t"] / 10))
                kept["t"].add_(1)


@dataclass(frozen=True)
class Counting(ganzoo.UpdateRule):
    """Descend along a mean of gradients, ever more slowly; nobody's invention."""

    def optimizer(self, weights, lr, settings):
        return Counted(weights, {"lr": lr})


@dataclass(frozen=True)
class Stairs(ganzoo.Schedule):
    """Move to the ends in three steps; nobody's invention."""

    def left(self, done):
        return 1 - int(3 * done) / 3


@ganzoo.hookimpl
def register_optimizers():
    return {"counting": Counting}


@ganzoo.hookimpl
def register_schedules():
    return {"stairs": Stairs}


@ganzoo.hookimpl
def register_models():
    return {"fading": Fading, "patched": Patched}


@ganzoo.hookimpl
def register_losses():
    return {"paired": Paired}


@ganzoo.hookimpl
def register_conditioners():
    return {"sided": Sided}


@ganzoo.hookimpl
def register_regularizers():
    return {"keeping": Keeping}
