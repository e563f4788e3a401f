"""One update of each player. Read beside Algorithm 1 of arXiv:1704.00028, whose line numbers are quoted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from ganzoo.build import GAN

Terms = dict[str, Tensor]
"""Named scalars of a step, still on the device: reading one waits for the device."""


def discriminator_step(gan: GAN, x_real: Tensor, y: Tensor) -> Terms:
    """x_real (N, *shape) in [-1, 1], y (N,). Updates D in place; returns its loss terms and mean scores."""
    with gan.device.autocast():
        with torch.no_grad():  # D's update needs no gradient through G
            x_fake = gan.G(gan.sample_z(y), y).float()  # lines 4-5
        real, fake = gan.D(x_real, y), gan.D(x_fake, y)

        adversarial = gan.loss.discriminator_loss(real=real.logits, fake=fake.logits)
        penalty = gan.lipschitz.penalty(lambda x: gan.D(x, y).logits, real=x_real, fake=x_fake)  # lines 6-7
        auxiliary = gan.conditioner.auxiliary_loss(real, y) + gan.conditioner.auxiliary_loss(fake, y)

    descend(gan.opt_d, adversarial + penalty + auxiliary)  # line 9
    gan.lipschitz.project(gan.D)
    return {
        "d/adversarial": adversarial.detach(),
        "d/penalty": penalty.detach(),
        "d/auxiliary": auxiliary.detach(),
        "score/real": real.logits.detach().mean(),
        "score/fake": fake.logits.detach().mean(),
    }


def generator_step(gan: GAN, x_real: Tensor, y: Tensor) -> Terms:
    """x_real (N, *shape) in [-1, 1], y (N,). Updates G and G_ema in place; returns its loss terms."""
    with gan.device.autocast(), frozen(gan.D):
        fake = gan.D(gan.G(gan.sample_z(y), y).float(), y)  # line 11
        real_logits = gan.D(x_real, y).logits if gan.loss.relativistic else None

        adversarial = gan.loss.generator_loss(fake=fake.logits, real=real_logits)
        auxiliary = gan.conditioner.auxiliary_loss(fake, y)

    descend(gan.opt_g, adversarial + auxiliary)  # line 12
    update_average(gan.G_ema, gan.G, gan.ema_decay)
    return {"g/adversarial": adversarial.detach(), "g/auxiliary": auxiliary.detach()}


def descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """One gradient step; the gradients stay readable until the next one."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()


@torch.no_grad()
def update_average(average: AveragedModel, G: nn.Module, decay: float) -> None:
    """Move the average towards G; buffers are copied. At update t the decay is at most (1 + t) / (10 + t).

    Without that warm-up the first random weights would still weigh 37 % after 1,000 steps at 0.999.
    AveragedModel.update_parameters would wait for the device at each step, to count.
    """
    t = int(average.n_averaged)
    rate = 1 - min(decay, (1 + t) / (10 + t)) if t else 1.0
    torch._foreach_lerp_(list(average.module.parameters()), list(G.parameters()), rate)
    for slow, fast in zip(average.module.buffers(), G.buffers(), strict=True):
        slow.copy_(fast)
    average.n_averaged += 1


@contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """Gradients flow through the network but not into its weights: G's update needs no gradient of D's weights."""
    trainable = [weight for weight in network.parameters() if weight.requires_grad]
    for weight in trainable:
        weight.requires_grad_(False)
    try:
        yield
    finally:
        for weight in trainable:
            weight.requires_grad_(True)
