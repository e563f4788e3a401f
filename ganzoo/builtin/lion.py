"""Lion, the sign of a momentum."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.builtin.eager_optimizers import Eager


class Lion(Eager):
    """w <- w - lr (sign(beta1 m + (1 - beta1) g) + weight_decay w), then m <- beta2 m + (1 - beta2) g."""

    def __init__(
        self, weights: Iterable[nn.Parameter], lr: float | Tensor, betas: tuple[float, float], weight_decay: float = 0.0
    ) -> None:
        super().__init__(weights, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Move every weight that has a gradient."""
        for group in self.param_groups:
            weights = [weight for weight in group["params"] if weight.grad is not None]
            if not weights:
                continue
            gradients = [weight.grad for weight in weights]
            for weight in weights:
                if not self.state[weight]:
                    self.state[weight]["momentum"] = torch.zeros_like(weight)
            momenta = [self.state[weight]["momentum"] for weight in weights]
            beta1, beta2 = group["betas"]
            directions = torch._foreach_lerp(momenta, gradients, 1 - beta1)
            torch._foreach_sign_(directions)
            if group["weight_decay"]:
                torch._foreach_add_(directions, weights, alpha=group["weight_decay"])
            torch._foreach_mul_(directions, group["lr"])
            torch._foreach_sub_(weights, directions)
            torch._foreach_lerp_(momenta, gradients, 1 - beta2)
