"""RunConfig + Zoo + DataSpec -> GAN, ready to train. What does not fit together is refused here."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel

from ganzoo.config import OptimConfig, RunConfig
from ganzoo.contracts import AdversarialLoss, Conditioner, Critic, DataSpec, LipschitzEnforcer, Model, Verdict
from ganzoo.device import Device, has_bf16
from ganzoo.errors import ConfigError, DataError, PluginError
from ganzoo.optimizers import SGD, Adam, RMSprop
from ganzoo.randomness import forked
from ganzoo.ranks import ALONE, Ranks
from ganzoo.zoo import Zoo


class Generator(nn.Module):
    """(z (N, Z), y (N,)) -> samples (N, *shape) in [-1, 1]."""

    def __init__(self, trunk: nn.Module, embedding: nn.Module) -> None:
        super().__init__()
        self.trunk, self.embedding = trunk, embedding

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """z (N, Z), y (N,) -> (N, *shape)."""
        x: Tensor = self.trunk(z, self.embedding(y))
        return x


class Discriminator(nn.Module):
    """(samples (N, *shape), y (N,)) -> Verdict."""

    def __init__(self, label_maps: nn.Module, trunk: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.label_maps, self.trunk, self.head = label_maps, trunk, head

    def forward(self, x: Tensor, y: Tensor) -> Verdict:
        """x (N, *shape), y (N,) -> Verdict."""
        if self.label_maps.channels:  # to concatenate nothing would still copy x, and lose its memory order
            x = torch.cat([x, self.label_maps(y)], dim=1)
        verdict: Verdict = self.head(self.trunk(x), y)
        classes = verdict.class_logits  # under autocast both come in half precision
        return Verdict(verdict.logits.float(), None if classes is None else classes.float())


class Combined(LipschitzEnforcer):
    """Several enforcers at once: constraints in turn, penalties summed, projections in turn."""

    def __init__(self, parts: Iterable[LipschitzEnforcer]) -> None:
        self.parts = tuple(parts)
        self.per_sample = any(part.per_sample for part in self.parts)  # type: ignore[misc]

    def constrain(self, discriminator: nn.Module) -> nn.Module:
        """Apply each constraint to the result of the previous one."""
        for part in self.parts:
            discriminator = part.constrain(discriminator)
        return discriminator

    def penalty(self, critic: Critic, *, real: Tensor, fake: Tensor) -> Tensor:
        """Sum of the penalties: a scalar."""
        return torch.stack([part.penalty(critic, real=real, fake=fake) for part in self.parts]).sum()

    def project(self, discriminator: nn.Module) -> None:
        """Project in turn."""
        for part in self.parts:
            part.project(discriminator)


@dataclass
class GAN:
    """The two players, the rules, and the optimisers: everything a step needs."""

    G: nn.Module
    D: nn.Module
    G_ema: AveragedModel
    """Moving average of G: the one that is sampled and scored."""
    ema_decay: float
    opt_g: Optimizer
    opt_d: Optimizer
    loss: AdversarialLoss
    lipschitz: LipschitzEnforcer
    conditioner: Conditioner
    z_dim: int
    device: Device
    per_sample: bool
    """Whether each logit of D depends on one sample alone, as measured."""
    ranks: Ranks = ALONE

    def sample_z(self, y: Tensor) -> Tensor:
        """z ~ N(0, I), one row per label in y (N,), on its device: (N, Z); of a draw for all ranks, its share."""
        joint = len(y) * self.ranks.size
        return torch.randn(joint, self.z_dim, device=y.device)[self.ranks.share(joint)]

    def state_dict(self) -> dict[str, Any]:
        """Weights, buffers and optimiser states, for a checkpoint."""
        return {name: getattr(self, name).state_dict() for name in ("G", "D", "G_ema", "opt_g", "opt_d")}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what `state_dict` gave. Raises KeyError or RuntimeError where it does not fit."""
        for name in ("G", "D", "G_ema"):
            getattr(self, name).load_state_dict(state[name])
        for name in ("opt_g", "opt_d"):
            _load_optimizer(getattr(self, name), state[name])


def build_gan(run: RunConfig, zoo: Zoo, data: DataSpec, device: Device, ranks: Ranks = ALONE) -> GAN:
    """Build, check and place the networks of one run; weights come from torch's global random state.

    Raises ConfigError or DataError, with the nearest combination that works, if the parts do not fit;
    PluginError if a component breaks its contract.
    """
    model: Model = zoo.create("model", run.model)
    conditioner: Conditioner = zoo.create("conditioner", run.conditioner)
    lipschitz = _combine(zoo.create_parts("lipschitz", run.lipschitz))
    _check_labels(run, conditioner, data)

    G = Generator(model.generator(data, conditioner.embedding_dim), conditioner.generator_embedding(data.num_classes))
    D = lipschitz.constrain(_discriminator(model, conditioner, data, lipschitz.per_sample))
    G, D = device.place(G), device.place(D)
    mixes = check_networks(G, D, run, data, model.z_dim, device.torch_device, per_sample=lipschitz.per_sample)
    return GAN(
        G=G,
        D=D,
        G_ema=average_of(G),
        ema_decay=run.train.ema_decay,
        opt_g=make_optimizer(run.optim, G, run.optim.lr_g, device),
        opt_d=make_optimizer(run.optim, D, run.optim.lr_d, device),
        loss=zoo.create("loss", run.loss),
        lipschitz=lipschitz,
        conditioner=conditioner,
        z_dim=model.z_dim,
        device=device,
        per_sample=not mixes,
        ranks=ranks,
    )


def advise(run: RunConfig, gan: GAN) -> Iterator[str]:
    """Yield what is allowed but will disappoint."""
    if gan.loss.unbounded and run.lipschitz.name == "none":
        yield (
            f"{run.loss.name} without a Lipschitz enforcer: D can lower its loss without end, "
            "so expect divergence (try --lipschitz gp)"
        )
    if gan.device.precision == "bf16" and gan.device.torch_device.type == "cpu" and not has_bf16():
        yield "this processor has no bf16 arithmetic: expect a step to take a hundred times as long (--precision auto)"


def _combine(parts: list[LipschitzEnforcer]) -> LipschitzEnforcer:
    if any(_overrides(part, "constrain") for part in parts) and any(_overrides(part, "project") for part in parts):
        what = (
            "an enforcer that re-parametrises the weights of D (sn) and one that moves them back (clip) do not combine"
        )
        raise ConfigError(what, hint="--lipschitz sn, or --lipschitz clip")
    return parts[0] if len(parts) == 1 else Combined(parts)


def _overrides(part: LipschitzEnforcer, moment: str) -> bool:
    return getattr(type(part), moment) is not getattr(LipschitzEnforcer, moment)


def _discriminator(model: Model, conditioner: Conditioner, data: DataSpec, per_sample: bool) -> Discriminator:
    maps = conditioner.discriminator_input(data.num_classes, data.shape)
    channels = int(maps.channels)  # type: ignore[arg-type]
    seen = DataSpec((data.shape[0] + channels, *data.shape[1:]), data.num_classes)
    trunk = model.discriminator(seen, per_sample=per_sample)
    head = conditioner.discriminator_head(int(trunk.feature_dim), data.num_classes)  # type: ignore[arg-type]
    return Discriminator(maps, trunk, head)


def _check_labels(run: RunConfig, conditioner: Conditioner, data: DataSpec) -> None:
    if conditioner.needs_labels and data.num_classes < 2:
        raise DataError(
            f"conditioner {run.conditioner.name!r} needs at least 2 classes; dataset {run.dataset.name!r} has 1",
            hint="--conditioner none, or images sorted into one folder per class",
        )


def make_optimizer(optim: OptimConfig, network: nn.Module, lr: float, device: Device) -> Optimizer:
    """Return the optimiser of one player; `initial_lr` of its group is what the schedule scales.

    On CUDA its rate is a tensor, so that a recorded step reads the present one.
    """
    parameters = [{"params": list(network.parameters()), "initial_lr": lr}]
    cuda = device.torch_device.type == "cuda"
    rate: Any = torch.tensor(lr, device=device.torch_device) if cuda else lr
    if optim.name == "adam":
        return Adam(parameters, lr=rate, betas=(optim.beta1, optim.beta2), fused=True, capturable=cuda)
    if optim.name == "rmsprop":
        return RMSprop(parameters, lr=rate, alpha=optim.beta2, foreach=True, capturable=cuda)
    return SGD(parameters, lr=rate, fused=True)


def _load_optimizer(optimizer: Optimizer, state: dict[str, Any]) -> None:
    """Restore moments. How a step is done, and whether its rate is a tensor, stays as this device needs it."""
    own = [{key: value for key, value in group.items() if key != "params"} for group in optimizer.param_groups]
    optimizer.load_state_dict(state)
    for group, options in zip(optimizer.param_groups, own, strict=True):
        group.update(options)


def average_of(G: nn.Module) -> AveragedModel:
    """Return a moving average of G, equal to G; `steps.update_average` moves it."""
    averaged = AveragedModel(G).eval().requires_grad_(False)
    averaged.n_averaged = averaged.n_averaged.cpu()  # counted by the host: reading it waits for no device
    return averaged


def check_networks(
    G: nn.Module,
    D: nn.Module,
    run: RunConfig,
    data: DataSpec,
    z_dim: int,
    device: torch.device,
    *,
    per_sample: bool,
) -> bool:
    """Run copies of both networks on four samples before the first step; random state and weights stay as they were.

    Returns whether D mixes samples: whether a logit moves with the others of its batch. Raises PluginError for wrong
    shapes or non-finite values, and ConfigError if an enforcer that speaks of single samples meets a discriminator
    that mixes them.
    """
    with forked(device):
        G, D = copy.deepcopy(G), copy.deepcopy(D)
        z, y = torch.randn(4, z_dim, device=device), torch.zeros(4, dtype=torch.long, device=device)
        x = G(z, y)
        _expect(x, (4, *data.shape), f"generator of model {run.model.name!r}", "samples")
        x = x.detach().requires_grad_(True)
        verdict: Verdict = D(x, y)
        _expect(verdict.logits, (4,), f"discriminator of model {run.model.name!r}", "logits")
        mixes = _mixes_samples(verdict, x)
        if per_sample and mixes:
            raise ConfigError(
                f"lipschitz {run.lipschitz.name!r} needs logits that depend on one sample each, but in the "
                f"discriminator of {run.model.name!r} a logit moves with the other samples of its batch",
                hint="a model without batch statistics in D, or --lipschitz clip",
            )
    return mixes


def _expect(value: Tensor, shape: tuple[int, ...], who: str, what: str) -> None:
    if tuple(value.shape) != shape:
        raise PluginError(f"{who}: expected {what} of shape {shape}, got {tuple(value.shape)}")
    if not torch.isfinite(value).all():
        raise PluginError(f"{who}: {what} are not finite before the first step")


def _mixes_samples(verdict: Verdict, x: Tensor) -> bool:
    """Whether what is said of sample 0 has a gradient on 1, 2 or 3: what a per-sample penalty must not meet."""
    said = verdict.logits[0] if verdict.class_logits is None else verdict.logits[0] + verdict.class_logits[0].sum()
    (gradient,) = torch.autograd.grad(said, x)
    return bool((gradient[1:] != 0).any())
