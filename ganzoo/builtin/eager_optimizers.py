"""Optimisers of torch without its compiler.

torch.optim imports torch._dynamo when an optimiser is made and at every step, about 2 s on a core: from the end of
`import torch` to the end of the first step `ganzoo run` took 3.3 s with it and 1.4 s without, in CPU time
(python docs/benchmarks/startup.py). Nothing here is compiled.
"""

from __future__ import annotations

from collections.abc import Iterable
from inspect import unwrap
from typing import Any

import torch
from torch import Tensor, nn, optim


class Eager(optim.Optimizer):
    """Methods of torch without the decorators that hide them from its compiler."""

    _warned_capturable_if_run_uncaptured = True  # no warning: the first steps of a run are eager
    add_param_group = unwrap(optim.Optimizer.add_param_group)
    zero_grad = unwrap(optim.Optimizer.zero_grad)
    state_dict = unwrap(optim.Optimizer.state_dict)
    load_state_dict = unwrap(optim.Optimizer.load_state_dict)


class Foreach(Eager):
    """An optimiser with betas and weight decay, which moves all weights of a group that have a gradient at once."""

    def __init__(
        self,
        weights: Iterable[nn.Parameter],
        lr: float | Tensor,
        betas: tuple[float, float],
        weight_decay: float = 0.0,
        **others: Any,
    ) -> None:
        super().__init__(weights, {"lr": lr, "betas": betas, "weight_decay": weight_decay, **others})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Move every weight that has a gradient."""
        for group in self.param_groups:
            if weights := [weight for weight in group["params"] if weight.grad is not None]:
                self.move(weights, group)

    def move(self, weights: list[Tensor], group: dict[str, Any]) -> None:
        """Move the weights of a group in place, by their gradients and `self.state` of each."""
        raise NotImplementedError


class Adam(Eager, optim.Adam):
    """torch.optim.Adam."""

    step: Any = torch.no_grad()(unwrap(optim.Adam.step))


class AdamW(Eager, optim.AdamW):
    """torch.optim.AdamW."""

    step: Any = torch.no_grad()(unwrap(optim.AdamW.step))


class RMSprop(Eager, optim.RMSprop):
    """torch.optim.RMSprop."""

    step: Any = torch.no_grad()(unwrap(optim.RMSprop.step))


class SGD(Eager, optim.SGD):
    """torch.optim.SGD."""

    step: Any = torch.no_grad()(unwrap(optim.SGD.step))
