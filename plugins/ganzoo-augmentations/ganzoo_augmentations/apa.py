"""Adaptive pseudo augmentation: some reals of D's batch are fakes."""

from dataclasses import dataclass
from typing import Annotated

import torch
from annotated_types import Ge, Gt, Le, Lt
from torch import Tensor, nn

import ganzoo

Probability = Annotated[float, Ge(0), Le(1)]


class Pace(nn.Module):
    """Probability p of a fake in place of a real, and what was seen since p moved last."""

    def __init__(self, start: float) -> None:
        super().__init__()
        self.register_buffer("p", torch.tensor(start))
        self.register_buffer("seen", torch.zeros(3))  # updates, samples, sum of signs

    @torch.no_grad()
    def follow(self, logits: Tensor, *, target: float, speed: int, interval: int, p_max: float) -> None:
        """Count logits (N,), and move p at each `interval`-th call. Tensors only, so that a CUDA graph repeats it."""
        p, seen = self.get_buffer("p"), self.get_buffer("seen")
        seen += torch.stack([seen.new_tensor(1.0), seen.new_tensor(float(len(logits))), logits.sign().sum()])
        updates, samples, signs = seen.unbind()
        due = updates >= interval
        step = (signs / samples - target).sign() * samples / speed
        p.copy_(torch.where(due, p + step, p).clamp(0, p_max))
        seen.mul_(~due)


@dataclass(frozen=True)
class PseudoAugmentation(ganzoo.Regularizer):
    """Call some fakes real, the more the surer D is of its reals: APA. Jiang et al. 2021, arXiv:2111.06849, Section 3.

    D: loss(real = reals of which each is a fake with probability p, fake) - loss(real, fake), which leaves the first in
    the sum of D's terms. After each `interval` updates p moves by sign(r - target) samples / speed, where r is the mean
    sign of D(x) over their reals; it starts at `start`. So D(x) > 0 must mean "real", as for bce and hinge.

    It is no augmentation of ganzoo's, since those change each sample by itself, and may not know which are real. A
    fake that passes for a real is made anew, from other latents. Departs: penalties of the enforcer, and other
    regularizers, see the reals themselves. `p_max` is chosen here; the paper sets none.
    """

    target: Annotated[float, Gt(-1), Lt(1)] = 0.6
    speed: ganzoo.PositiveInt = 500_000
    """Samples over which p moves by 1."""
    interval: ganzoo.PositiveInt = 4
    start: Probability = 0.0
    p_max: Probability = 1.0

    def state(self, data: ganzoo.DataSpec, feature_dim: int) -> nn.Module:
        return Pace(self.start)

    def discriminator_term(self, game: ganzoo.Game, *, real: ganzoo.Verdict, fake: ganzoo.Verdict) -> Tensor:
        rules = {"target": self.target, "speed": self.speed, "interval": self.interval, "p_max": self.p_max}
        game.state.follow(real.sample_logits.detach(), **rules)
        other = game.discriminator(game.generator(torch.randn_like(game.z), game.y).detach(), game.y)
        chosen = torch.rand(len(real.logits), device=real.logits.device) < game.state.get_buffer("p")
        mixed = torch.where(chosen.reshape(-1, *[1] * (real.logits.ndim - 1)), other.logits, real.logits)
        whole, plain = (
            game.loss.discriminator_loss(real=logits.flatten(), fake=fake.logits.flatten())
            for logits in (mixed, real.logits)
        )
        return whole - plain
