"""The plain loop that `ganzoo bench` compares with: the same components, trained as in tutorials.

It computes in float32 and contiguous memory, converts samples one by one in a DataLoader, passes each batch through D
separately, builds a graph for fakes that D's update throws away, computes gradients of D's weights in G's update,
updates optimisers and average one weight at a time, and fuses no layers. It learns what the steps of ganzoo learn.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, Optimizer, RMSprop
from torch.utils.data import DataLoader, Dataset

from ganzoo.contracts import Samples
from ganzoo.data.images import from_uint8
from ganzoo.layers import Shortcut
from ganzoo.settings.sections import OptimConfig, RunConfig
from ganzoo.training.build import build_gan
from ganzoo.training.device import Device
from ganzoo.zoo.catalogue import Zoo


class Baseline:
    """A run trained the plain way on one device."""

    def __init__(self, run: RunConfig, zoo: Zoo, samples: Samples, device: torch.device) -> None:
        self.optim, self.device = run.optim, device
        self.gan = build_gan(run, zoo, samples.spec, Device(device, "fp32"))
        for network in (self.gan.G, self.gan.D, self.gan.G_ema):
            network.to(memory_format=torch.contiguous_format)
            for layer in network.modules():
                if isinstance(layer, Shortcut):
                    layer.literal = True
        self.opt_g = _make_optimizer(run.optim, self.gan.G, run.optim.lr_g)
        players = nn.ModuleList([self.gan.D, self.gan.regularizers])
        self.opt_d = _make_optimizer(run.optim, players, run.optim.lr_d)
        self._batches_d = _batches(samples, run.optim.batch_size)
        self._batches_g = _batches(samples, run.optim.batch_size_g or run.optim.batch_size)

    def step(self) -> None:
        """Do n_critic updates of D, then one of G."""
        for _ in range(self.optim.n_critic):
            self._update_discriminator(*self._move(next(self._batches_d)))
        self._update_generator(*self._move(next(self._batches_g)))
        self._move_average()

    def _move_average(self) -> None:
        """Update the moving average as `steps.update_average` does, one weight at a time."""
        average = self.gan.G_ema
        t = int(average.n_averaged)
        decay = min(self.gan.ema_decay, (1 + t) / (10 + t)) if t else 0.0
        for slow, fast in zip(average.module.parameters(), self.gan.G.parameters(), strict=True):
            slow.data.mul_(decay).add_(fast.data, alpha=1 - decay)
        for kept, present in zip(average.module.buffers(), self.gan.G.buffers(), strict=True):
            kept.copy_(present)
        average.n_averaged += 1

    def _update_discriminator(self, x_real: Tensor, y: Tensor) -> None:
        gan = self.gan
        self.opt_d.zero_grad()
        z = gan.sample_z(y)
        x_fake = gan.G(z, y).detach()
        real, fake = gan.discriminate(x_real, y), gan.discriminate(x_fake, y)
        loss = gan.loss.discriminator_loss(real=real.logits.flatten(), fake=fake.logits.flatten())
        loss = loss + gan.conditioner.discriminator_auxiliary(real=real, fake=fake, y=y)
        loss = loss + gan.lipschitz.penalty(gan.critic(y), real=x_real, fake=x_fake)
        game = gan.game(x_real=x_real, x_fake=x_fake, z=z, y=y)
        loss = loss + sum(gan.regularizers.discriminator_terms(game, real=real, fake=fake).values())
        self._descend(self.opt_d, loss)
        gan.lipschitz.project(gan.D)
        gan.adapt(real.sample_logits.detach())

    def _update_generator(self, x_real: Tensor, y: Tensor) -> None:
        gan = self.gan
        self.opt_g.zero_grad()
        z = gan.sample_z(y)
        x_fake = gan.G(z, y)
        fake = gan.discriminate(x_fake, y)
        real_logits = gan.discriminate(x_real, y).logits.flatten() if gan.loss.relativistic else None
        loss = gan.loss.generator_loss(fake=fake.logits.flatten(), real=real_logits)
        loss = loss + gan.conditioner.generator_auxiliary(fake=fake, y=y)
        loss = loss + gan.generator_penalty(z, y)
        game = gan.game(x_real=x_real, x_fake=x_fake, z=z, y=y)
        loss = loss + sum(gan.regularizers.generator_terms(game, fake=fake).values())
        self._descend(self.opt_g, loss)

    def _descend(self, optimizer: Optimizer, loss: Tensor) -> None:
        loss.backward()  # type: ignore[no-untyped-call]
        if limit := self.gan.clip_grad_norm:
            nn.utils.clip_grad_norm_([weight for group in optimizer.param_groups for weight in group["params"]], limit)
        optimizer.step()

    def _move(self, batch: list[Tensor]) -> tuple[Tensor, Tensor]:
        x, y = batch
        return x.to(self.device), y.to(self.device)


class _Items(Dataset[tuple[Tensor, Tensor]]):
    """A dataset of single samples, in the range of the networks."""

    def __init__(self, samples: Samples) -> None:
        self.samples = samples

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        x = self.samples.x
        pixels = x[index] if isinstance(x, Tensor) else x[[index]][0]
        return from_uint8(pixels), self.samples.y[index]


def _batches(samples: Samples, size: int) -> Iterator[list[Tensor]]:
    """Yield shuffled batches without end."""
    size = min(size, len(samples))
    while True:
        yield from DataLoader(_Items(samples), size, shuffle=True, drop_last=True)


def _make_optimizer(optim: OptimConfig, network: nn.Module, lr: float) -> Optimizer:
    weights = list(network.parameters())
    if optim.name == "adam":
        return Adam(weights, lr=lr, betas=(optim.beta1, optim.beta2), foreach=False)
    if optim.name == "rmsprop":
        return RMSprop(weights, lr=lr, alpha=optim.beta2, foreach=False)
    return SGD(weights, lr=lr, foreach=False)
