"""Updates of both players: how long one is, and which samples and units leave nothing to learn from."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ganzoo.audit.diversity import Numbers
from ganzoo.layers import Rectifier
from ganzoo.training.gan import GAN
from ganzoo.training.steps import discriminator_step, generator_step


def measure_updates(gan: GAN, x_real: Tensor, y: Tensor) -> Numbers:
    """Do one update of each player, which changes `gan`, and measure it; x_real (N, *shape), y (N,).

    update    ||change of the weights|| / ||weights||
    gradient  ||gradient||
    still     share of weights that the update leaves exactly as they were
    """
    numbers: Numbers = {}
    for name, network, step in (("d", gan.D, discriminator_step), ("g", gan.G, generator_step)):
        before = [weight.detach().clone() for weight in _trained(network)]
        step(gan, x_real, y)
        numbers |= {f"{key}/{name}": value for key, value in _compare(before, network).items()}
    return numbers


def _compare(before: list[Tensor], network: nn.Module) -> Numbers:
    weights = _trained(network)
    changes = [weight.detach() - old for weight, old in zip(weights, before, strict=True)]
    gradients = [weight.grad for weight in weights if weight.grad is not None]
    still = sum(int((change == 0).sum()) for change in changes)
    return {
        "update": float(_norm(changes) / _norm(before).clamp(min=1e-30)),
        "gradient": float(_norm(gradients)) if gradients else 0.0,
        "still": still / max(1, sum(change.numel() for change in changes)),
    }


def _trained(network: nn.Module) -> list[nn.Parameter]:
    """Return the weights that an update may change: those that are not frozen."""
    return [weight for weight in network.parameters() if weight.requires_grad]


def _norm(tensors: list[Tensor]) -> Tensor:
    """Return the 2-norm of all numbers in the tensors together, float64."""
    return torch.nn.utils.get_total_norm(tensors).double()


def learning_rates(gan: GAN) -> Numbers:
    """Return the present learning rate of each player."""
    return {"lr/d": _rate(gan.opt_d), "lr/g": _rate(gan.opt_g)}


def _rate(optimizer: Optimizer) -> float:
    return float(optimizer.param_groups[0]["lr"])


def measure_rates(fresh: GAN) -> Numbers:
    """Return each player's learning rate over the size of its weights as they are built, "rate/d" and "rate/g".

    Adam (arXiv:1412.6980, Section 2.1) and RMSprop move each weight by about the rate, whatever its gradient, so this
    is the share of a layer that the first update replaces: of the median layer, since first and last ones differ.
    Returns {} for an optimiser such as SGD, whose updates are as long as the gradient.
    """
    if not fresh.update_rule.normalized:
        return {}
    return {"rate/d": _relative_rate(fresh.D, fresh.opt_d), "rate/g": _relative_rate(fresh.G, fresh.opt_g)}


def _relative_rate(network: nn.Module, optimizer: Optimizer) -> float:
    sizes = [weight.detach().square().mean().sqrt() for weight in network.parameters() if weight.ndim > 1]
    median = torch.stack([size for size in sizes if size > 0] or [torch.ones(())]).quantile(0.5)
    return _rate(optimizer) / float(median)


def measure_saturation(*, real: Tensor, fake: Tensor) -> Numbers:
    """real, fake: samples (N, *shape) in [-1, 1] -> share of each set's numbers within 0.001 of -1 or 1.

    A generator that ends in tanh has next to no gradient there (LeCun et al. 1998, doi:10.1007/3-540-49430-8_2).
    """
    sets = {"real": real, "fake": fake}
    return {f"at the ends/{name}": float((x.abs() > 0.999).double().mean()) for name, x in sets.items()}


def dead_units(network: nn.Module, *inputs: Tensor) -> float:
    """Return the share of rectified units that are off for every sample of a batch, and so learn nothing from it.

    Units are channels of a convolution. A leaky rectifier is never off, so it counts for nothing.
    """
    counts = [0, 0]

    def note(layer: nn.Module, _: object, output: Tensor) -> None:
        off = (output.transpose(0, 1).flatten(1) == 0).all(dim=1)
        counts[0] += int(off.sum())
        counts[1] += len(off)

    rectifiers = [layer for layer in network.modules() if _can_die(layer)]
    handles = [layer.register_forward_hook(note) for layer in rectifiers]
    try:
        with torch.no_grad():
            network(*inputs)
    finally:
        for handle in handles:
            handle.remove()
    return counts[0] / max(1, counts[1])


def _can_die(layer: nn.Module) -> bool:
    return isinstance(layer, nn.ReLU) or (isinstance(layer, Rectifier) and layer.slope == 0)
