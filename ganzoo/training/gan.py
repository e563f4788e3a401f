"""The GAN: two players, the rules of their game, and their optimisers."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel

from ganzoo.contracts import (
    AdversarialLoss,
    Augmentation,
    Conditioner,
    Critic,
    DataSpec,
    Game,
    LipschitzEnforcer,
    Model,
    Schedule,
    UpdateRule,
    Verdict,
    overrides,
)
from ganzoo.training.device import Device
from ganzoo.training.optimizers import load_optimizer
from ganzoo.training.ranks import SINGLE, Ranks
from ganzoo.training.regularizers import Regularizers


class Generator(nn.Module):
    """(z (N, Z), y (N,)) -> samples (N, *shape) in [-1, 1]."""

    def __init__(self, trunk: nn.Module, embedding: nn.Module) -> None:
        super().__init__()
        self.trunk, self.embedding = trunk, embedding

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """z (N, Z), y (N,) -> (N, *shape)."""
        x: Tensor = self.trunk(z, self.embedding(y))
        return x


class Discriminator(nn.Module):
    """(samples (N, *shape), y (N,)) -> Verdict."""

    def __init__(self, label_maps: nn.Module, trunk: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.label_maps, self.trunk, self.head = label_maps, trunk, head

    def forward(self, x: Tensor, y: Tensor) -> Verdict:
        """x (N, *shape), y (N,) -> Verdict."""
        if self.label_maps.channels:  # concatenating nothing would copy x and lose its memory order
            x = torch.cat([x, self.label_maps(y)], dim=1)
        features = self.trunk(x)
        verdict: Verdict = self.head(features, y)
        parts = verdict._replace(features=features)  # under autocast all are in half precision
        return Verdict._make(None if part is None else part.float() for part in parts)


class Combined(LipschitzEnforcer):
    """Several enforcers as one: constraints and projections one after the other, penalties summed."""

    def __init__(self, parts: Iterable[LipschitzEnforcer]) -> None:
        self.parts = tuple(parts)
        self.per_sample = any(part.per_sample for part in self.parts)  # type: ignore[misc]

    def constrain(self, discriminator: nn.Module) -> nn.Module:
        """Apply each constraint to the result of the previous one."""
        for part in self.parts:
            discriminator = part.constrain(discriminator)
        return discriminator

    def constrain_generator(self, generator: nn.Module) -> None:
        """Apply each constraint of G in order."""
        for part in self.parts:
            part.constrain_generator(generator)

    def penalty(self, critic: Critic, *, real: Tensor, fake: Tensor) -> Tensor:
        """Return the sum of the penalties: a scalar."""
        return torch.stack([part.penalty(critic, real=real, fake=fake) for part in self.parts]).sum()

    def project(self, discriminator: nn.Module) -> None:
        """Apply each projection in order."""
        for part in self.parts:
            part.project(discriminator)

    def target_slopes(self) -> dict[str, float]:
        """Return the slopes that the penalties agree on: the minimum of a sum lies between targets that differ."""
        found = [target for part in self.parts for target in part.target_slopes().items()]
        return {
            where: slope for where, slope in found if all(other == slope for place, other in found if place == where)
        }

    def weight_limit(self) -> float | None:
        """Return the lowest limit of the parts; None if they have none."""
        limits = [part.weight_limit() for part in self.parts]
        return min((limit for limit in limits if limit is not None), default=None)


@dataclass
class GAN:
    """Everything that a step needs: the players, their optimisers, and the components."""

    G: Generator
    D: nn.Module
    G_ema: AveragedModel
    """Moving average of G, which is sampled and scored."""
    ema_decay: float
    opt_g: Optimizer
    opt_d: Optimizer
    model: Model
    loss: AdversarialLoss
    lipschitz: LipschitzEnforcer
    conditioner: Conditioner
    augmentation: Augmentation
    update_rule: UpdateRule
    schedule: Schedule
    transform: nn.Module
    """Module of the augmentation, samples (N, *shape) -> samples (N, *shape), in front of D."""
    data: DataSpec
    device: Device
    penalty_scale: Tensor
    """Factor of the enforcer's penalty, moved by the schedule: a scalar on the device, so that graphs read it."""
    per_sample: bool = False
    """True if each logit of D depends on one sample alone, as `check_networks` measured."""
    clip_grad_norm: float = 0.0
    """Largest norm of the gradient of an update; 0 sets no limit."""
    accumulate: int = 1
    """Parts in which a batch passes the networks."""
    frozen_d: frozenset[str] = frozenset()
    """Names of the weights of D that stay as they are."""
    ranks: Ranks = SINGLE
    regularizers: Regularizers = field(default_factory=Regularizers)
    """Further terms of both losses; what they keep lies with D."""
    label_vectors: Tensor | None = None
    """Labels (L, ...) of generated samples: a pick of those of the data; None where labels are classes."""

    @property
    def modules(self) -> tuple[nn.Module, ...]:
        """All modules that a step reads: both networks, the transform of the augmentation, and the regularizers."""
        return self.G, self.D, self.transform, self.regularizers

    @property
    def z_dim(self) -> int:
        """Length Z of the latent vector."""
        return self.model.z_dim

    def discriminate(self, x: Tensor, y: Tensor) -> Verdict:
        """Return D's verdict on samples x (N, *shape) with labels y (N,), augmented first."""
        verdict: Verdict = self.D(self.transform(x), y)
        return verdict

    def critic(self, y: Tensor) -> Critic:
        """Return the function samples (N, *shape) -> logits (N,) that enforcers differentiate, for labels y (N,)."""
        return lambda x: self.discriminate(x, y).sample_logits

    def game(self, *, x_real: Tensor, x_fake: Tensor, z: Tensor, y: Tensor) -> Game:
        """Return an update as regularizers see it; in that of D, whose x_fake has no gradient, G gives none."""

        def generate(z: Tensor, y: Tensor) -> Tensor:
            with nullcontext() if x_fake.requires_grad else torch.no_grad():
                x: Tensor = self.G(z, y).float()
                return x

        return Game(
            generator=generate, discriminator=self.discriminate, G=self.G, D=self.D,
            x_real=x_real, x_fake=x_fake, z=z, y=y, loss=self.loss, state=self.regularizers,
        )  # fmt: skip

    def sample_z(self, y: Tensor) -> Tensor:
        """Draw z ~ N(0, I), one row per label in y (N,), on its device: (N, Z). Ranks take shares of one joint draw.

        Steps draw from the random state of the run; seeded samples are made of `latents.draw_latents`.
        """
        joint = len(y) * self.ranks.size
        return torch.randn(joint, self.z_dim, device=y.device)[self.ranks.share(joint)]

    def generator_penalty(self, z: Tensor, y: Tensor) -> Tensor:
        """Return the term that the model adds to G's loss for z (N, Z), y (N,): a scalar."""
        if not overrides(self.model, "generator_penalty", Model):  # no embedding of y is needed then
            return z.new_zeros(())
        return self.model.generator_penalty(self.G.trunk, z, self.G.embedding(y))

    @torch.no_grad()
    def adapt(self, real_logits: Tensor) -> None:
        """Let the augmentation adapt to D's logits of the augmented reals (N,)."""
        if overrides(self.augmentation, "adapt", Augmentation):
            self.augmentation.adapt(self.transform, self.ranks.gather(real_logits))

    def state_dict(self) -> dict[str, Any]:
        """Return weights, buffers and optimiser states, for a checkpoint."""
        parts = ("G", "D", "G_ema", "transform", "regularizers", "opt_g", "opt_d")
        state = {name: getattr(self, name).state_dict() for name in parts}
        return state if self.label_vectors is None else state | {"label_vectors": self.label_vectors}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the state that `state_dict` returned. Raises KeyError or RuntimeError if it does not fit."""
        for name in ("G", "D", "G_ema"):
            getattr(self, name).load_state_dict(state[name])
        for name in ("transform", "regularizers"):
            getattr(self, name).load_state_dict(state.get(name, {}))  # absent in checkpoints of before there were any
        self.label_vectors = state.get("label_vectors")
        for name in ("opt_g", "opt_d"):
            load_optimizer(getattr(self, name), state[name])


def average_of(G: nn.Module) -> AveragedModel:
    """Return a moving average of G, equal to G; `steps.update_average` moves it."""
    averaged = AveragedModel(G).eval().requires_grad_(False)
    averaged.n_averaged = averaged.n_averaged.cpu()  # counted by the host: reading it waits for no device
    return averaged
