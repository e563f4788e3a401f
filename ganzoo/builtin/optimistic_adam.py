"""Adam that takes the next direction to be the present one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.builtin.eager_optimizers import Foreach

EPSILON = 1e-8  # as of Adam


class OptimisticAdam(Foreach):
    """w <- w - 2 lr u_t + lr u_(t-1), where u_t is the direction of Adam, m_t / (sqrt(v_t) + epsilon), u_0 = 0."""

    def __init__(
        self, weights: Iterable[nn.Parameter], lr: float | Tensor, betas: tuple[float, float], weight_decay: float = 0.0
    ) -> None:
        # with "capturable", counts stay on the device of their weights when a state is loaded
        super().__init__(weights, lr, betas, weight_decay, capturable=True)

    def move(self, weights: list[Tensor], group: dict[str, Any]) -> None:
        """Move the weights of a group in place."""
        for weight in weights:
            if not self.state[weight]:
                self.state[weight] |= _new_state(weight)
        directions = self._directions(weights, group)
        previous = [self.state[weight]["direction"] for weight in weights]
        moves = torch._foreach_mul(directions, 2.0)
        torch._foreach_sub_(moves, previous)
        torch._foreach_mul_(moves, group["lr"])
        torch._foreach_sub_(weights, moves)
        torch._foreach_copy_(previous, directions)

    def _directions(self, weights: list[Tensor], group: dict[str, Any]) -> tuple[Tensor, ...]:
        """Return u_t for each weight, after its moments have moved: Algorithm 1 of arXiv:1412.6980."""
        steps, means, squares = (
            [self.state[weight][name] for weight in weights] for name in ("step", "exp_avg", "exp_avg_sq")
        )
        gradients: Any = [weight.grad for weight in weights]
        if group["weight_decay"]:
            gradients = torch._foreach_add(gradients, weights, alpha=group["weight_decay"])
        beta1, beta2 = group["betas"]
        torch._foreach_add_(steps, 1)
        torch._foreach_lerp_(means, gradients, 1 - beta1)
        torch._foreach_mul_(squares, beta2)
        torch._foreach_addcmul_(squares, gradients, gradients, 1 - beta2)
        roots = torch._foreach_div(squares, [1 - beta2**step for step in steps])
        torch._foreach_sqrt_(roots)
        torch._foreach_add_(roots, EPSILON)
        directions = torch._foreach_div(means, [1 - beta1**step for step in steps])
        torch._foreach_div_(directions, roots)
        return directions


def _new_state(weight: Tensor) -> dict[str, Tensor]:
    step = torch.zeros((), device=weight.device)
    return {"step": step} | {name: torch.zeros_like(weight) for name in ("exp_avg", "exp_avg_sq", "direction")}
