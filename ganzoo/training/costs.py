"""Costs of a run: parameters, floating-point operations, memory."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from ganzoo.contracts import Samples
from ganzoo.settings.sections import OptimConfig
from ganzoo.training.gan import GAN
from ganzoo.training.randomness import forked
from ganzoo.training.ranks import SINGLE
from ganzoo.training.steps import discriminator_step, generator_step

try:
    import resource
except ImportError:  # Windows has none
    resource = None  # type: ignore[assignment]
_TELLS_MEMORY = resource is not None

_FEW = 2
"""Samples with which operations are counted; convolutions and matrix products are proportional to the batch."""


def measure_costs(gan: GAN, samples: Samples, optim: OptimConfig) -> dict[str, Any]:
    """Return the parameters of both networks and the FLOPs of a step: one G update with its D updates.

    FLOPs are those of convolutions and matrix products, forward and backward. A multiplication and an addition count
    as two, as in torch.utils.flop_counter. Weights and random state stay as they were.
    """
    return {
        "parameters_g": count_parameters(gan.G),
        "parameters_d": count_parameters(gan.D),
        "flops_per_step": _count_flops(gan, samples, optim),
    }


def count_flops(work: Callable[[], object]) -> float:
    """Run `work`, and return its FLOPs, counted as `measure_costs` does."""
    with _FlopCounter() as counter:
        work()
    return float(counter.total)


def count_parameters(network: nn.Module) -> int:
    """Return the number of trained weights."""
    return sum(weight.numel() for weight in network.parameters())


def peak_memory_mb(device: torch.device) -> float | None:
    """Return the peak memory so far in MB: of the allocator on CUDA, of the process elsewhere; None on Windows."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    if not _TELLS_MEMORY:
        return None
    unit = 1 if sys.platform == "darwin" else 2**10  # macOS counts in bytes, Linux in KiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def _count_flops(gan: GAN, samples: Samples, optim: OptimConfig) -> float:
    device = gan.device.torch_device
    spec = samples.spec
    with forked(device):
        gan = replace(copy.deepcopy(gan), ranks=SINGLE)
        x = torch.rand(_FEW, *spec.shape, device=device) * 2 - 1
        y = spec.zero_labels(_FEW, device) if spec.label_shape else torch.arange(_FEW, device=device) % spec.num_classes
        with _FlopCounter() as counter_d:
            discriminator_step(gan, x, y)
        with _FlopCounter() as counter_g:
            generator_step(gan, x, y)
    per_sample_d, per_sample_g = counter_d.total / _FEW, counter_g.total / _FEW
    samples_d, samples_g = optim.n_critic * optim.batch_size, optim.batch_size_g or optim.batch_size
    return float(per_sample_d * samples_d + per_sample_g * samples_g)


class _FlopCounter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counter of FLOPs by torch's formulas; its FlopCounterMode also tracks modules, which autograd.grad forbids."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.total = 0.0

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # to hide the mode from torch's compiler would import it, which takes seconds

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        if (count := flop_registry.get(func._overloadpacket)) is not None:
            self.total += count(*args, **(kwargs or {}), out_val=out)
        return out
