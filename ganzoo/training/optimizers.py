"""The optimisers of both players, made in one place by the rule of the run."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from ganzoo.contracts import Coefficients, UpdateRule
from ganzoo.errors import PluginError
from ganzoo.settings.sections import OptimConfig
from ganzoo.training.device import Device


def make_optimizer(rule: UpdateRule, settings: OptimConfig, network: nn.Module, lr: float, device: Device) -> Optimizer:
    """Return the optimiser of one player; the schedule scales `initial_lr` of its groups.

    On CUDA the learning rate of a rule whose steps are captured is a tensor, so that a graph reads its present value.
    Raises PluginError if the rule returns something else.
    """
    in_tensor = rule.captured and device.torch_device.type == "cuda"
    rate: Any = torch.tensor(lr, device=device.torch_device) if in_tensor else lr
    optimizer: object = rule.optimizer(list(network.parameters()), rate, _coefficients(settings))
    if not isinstance(optimizer, Optimizer):
        what = f"optimizer() of {type(rule).__name__}: expected a torch.optim.Optimizer, got {type(optimizer).__name__}"
        raise PluginError(what)
    for group in optimizer.param_groups:
        group["initial_lr"] = lr if group["lr"] is rate else float(group["lr"])
    return optimizer


def _coefficients(settings: OptimConfig) -> Coefficients:
    return Coefficients(float(settings.beta1), float(settings.beta2), float(settings.weight_decay))  # not 0 for 0.0


def load_optimizer(optimizer: Optimizer, state: dict[str, Any]) -> None:
    """Restore the moments; options that this device needs stay, such as a rate that is a tensor."""
    own = [{key: value for key, value in group.items() if key != "params"} for group in optimizer.param_groups]
    optimizer.load_state_dict(state)
    for group, options in zip(optimizer.param_groups, own, strict=True):
        group.update(options)


def count_moments(rule: UpdateRule, settings: OptimConfig) -> int:
    """Return how many numbers the optimiser keeps of each weight, as one step of one weight shows: 2 for Adam."""
    weight = nn.Parameter(torch.zeros(2, 2))
    weight.grad = torch.ones(2, 2)
    optimizer = rule.optimizer([weight], 1e-3, _coefficients(settings))
    optimizer.step()
    kept = [value for value in optimizer.state[weight].values() if isinstance(value, torch.Tensor)]
    return sum(value.numel() for value in kept if value.ndim) // weight.numel()
