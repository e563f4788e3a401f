"""The optimisers of both players: the updates of torch, without its compiler.

torch.optim imports torch._dynamo when an optimiser is made and at every step, about 2 s on a core: from the end of
`import torch` to the end of the first step `ganzoo run` took 3.3 s with it and 1.4 s without, in CPU time
(python docs/benchmarks/startup.py). Nothing here is compiled.
"""

from __future__ import annotations

from inspect import unwrap
from typing import Any

import torch
from torch import nn, optim
from torch.optim import Optimizer

from ganzoo.settings.sections import OptimConfig
from ganzoo.training.device import Device


class _Eager(optim.Optimizer):
    """Methods of torch without the decorators that hide them from its compiler."""

    _warned_capturable_if_run_uncaptured = True  # no warning: the first steps of a run are eager
    add_param_group = unwrap(optim.Optimizer.add_param_group)
    zero_grad = unwrap(optim.Optimizer.zero_grad)
    state_dict = unwrap(optim.Optimizer.state_dict)
    load_state_dict = unwrap(optim.Optimizer.load_state_dict)


class Adam(_Eager, optim.Adam):
    """torch.optim.Adam."""

    step: Any = torch.no_grad()(unwrap(optim.Adam.step))


class RMSprop(_Eager, optim.RMSprop):
    """torch.optim.RMSprop."""

    step: Any = torch.no_grad()(unwrap(optim.RMSprop.step))


class SGD(_Eager, optim.SGD):
    """torch.optim.SGD."""

    step: Any = torch.no_grad()(unwrap(optim.SGD.step))


def make_optimizer(optim: OptimConfig, network: nn.Module, lr: float, device: Device) -> Optimizer:
    """Return the optimiser of one player; the schedule scales `initial_lr` of its group.

    On CUDA the learning rate is a tensor, so that a captured step reads its present value.
    """
    parameters = [{"params": list(network.parameters()), "initial_lr": lr}]
    cuda = device.torch_device.type == "cuda"
    rate: Any = torch.tensor(lr, device=device.torch_device) if cuda else lr
    if optim.name == "adam":
        return Adam(parameters, lr=rate, betas=(optim.beta1, optim.beta2), fused=True, capturable=cuda)
    if optim.name == "rmsprop":
        return RMSprop(parameters, lr=rate, alpha=optim.beta2, foreach=True, capturable=cuda)
    return SGD(parameters, lr=rate, fused=True)


def load_optimizer(optimizer: Optimizer, state: dict[str, Any]) -> None:
    """Restore the moments; options that this device needs stay, such as a rate that is a tensor."""
    own = [{key: value for key, value in group.items() if key != "params"} for group in optimizer.param_groups]
    optimizer.load_state_dict(state)
    for group, options in zip(optimizer.param_groups, own, strict=True):
        group.update(options)
