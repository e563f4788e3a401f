"""Lion, the sign of a momentum."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ganzoo.builtin.eager_optimizers import Foreach


class Lion(Foreach):
    """w <- w - lr (sign(beta1 m + (1 - beta1) g) + weight_decay w), then m <- beta2 m + (1 - beta2) g."""

    def move(self, weights: list[Tensor], group: dict[str, Any]) -> None:
        """Move the weights of a group in place."""
        gradients: Any = [weight.grad for weight in weights]
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
