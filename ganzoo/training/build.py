"""RunConfig + Zoo + DataSpec -> GAN, ready to train. What does not fit together is refused here."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel

from ganzoo.contracts import (
    AdversarialLoss,
    Augmentation,
    Conditioner,
    Critic,
    DataSpec,
    LipschitzEnforcer,
    Model,
    Verdict,
)
from ganzoo.errors import ConfigError, DataError, PluginError
from ganzoo.settings.sections import OptimConfig, RunConfig
from ganzoo.training.device import Device, has_bf16
from ganzoo.training.optimizers import SGD, Adam, RMSprop
from ganzoo.training.randomness import forked
from ganzoo.training.ranks import ALONE, Ranks
from ganzoo.zoo.catalogue import Zoo


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

    G: Generator
    D: nn.Module
    G_ema: AveragedModel
    """Moving average of G: the one that is sampled and scored."""
    ema_decay: float
    opt_g: Optimizer
    opt_d: Optimizer
    model: Model
    loss: AdversarialLoss
    lipschitz: LipschitzEnforcer
    conditioner: Conditioner
    augmentation: Augmentation
    transform: nn.Module
    """What the augmentation does to samples (N, *shape) before D sees them."""
    device: Device
    per_sample: bool
    """Whether each logit of D depends on one sample alone, as measured."""
    penalty_scale: Tensor
    """Factor of the enforcer's penalty, which a schedule moves: a scalar on the device, so that graphs read it."""
    clip_grad_norm: float = 0.0
    """Longest gradient of an update; 0 means any."""
    ranks: Ranks = ALONE

    @property
    def z_dim(self) -> int:
        """Length Z of the latent vector."""
        return self.model.z_dim

    def judge(self, x: Tensor, y: Tensor) -> Verdict:
        """Return D's opinion of samples x (N, *shape) with labels y (N,), which it sees augmented."""
        verdict: Verdict = self.D(self.transform(x), y)
        return verdict

    def sample_z(self, y: Tensor) -> Tensor:
        """z ~ N(0, I), one row per label in y (N,), on its device: (N, Z); of a draw for all ranks, its share."""
        joint = len(y) * self.ranks.size
        return torch.randn(joint, self.z_dim, device=y.device)[self.ranks.share(joint)]

    def generator_penalty(self, z: Tensor, y: Tensor) -> Tensor:
        """Return what the model adds to G's loss for z (N, Z), y (N,): a scalar."""
        if not overrides(self.model, "generator_penalty", Model):  # no embedding of y is needed then
            return z.new_zeros(())
        return self.model.generator_penalty(self.G.trunk, z, self.G.embedding(y))

    @torch.no_grad()
    def adapt(self, real_logits: Tensor) -> None:
        """Tell the augmentation what D thought of the reals (N,) that it saw."""
        if overrides(self.augmentation, "adapt", Augmentation):
            self.augmentation.adapt(self.transform, self.ranks.gather(real_logits))

    def state_dict(self) -> dict[str, Any]:
        """Weights, buffers and optimiser states, for a checkpoint."""
        return {name: getattr(self, name).state_dict() for name in ("G", "D", "G_ema", "transform", "opt_g", "opt_d")}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what `state_dict` gave. Raises KeyError or RuntimeError where it does not fit."""
        for name in ("G", "D", "G_ema"):
            getattr(self, name).load_state_dict(state[name])
        self.transform.load_state_dict(state.get("transform", {}))  # absent where a run began before there were any
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
    augmentation: Augmentation = zoo.create("augment", run.augment)
    _check_labels(run, conditioner, data)

    G = Generator(model.generator(data, conditioner.embedding_dim), conditioner.generator_embedding(data.num_classes))
    D = lipschitz.constrain(_discriminator(model, conditioner, data, lipschitz.per_sample))
    G, D, transform = device.place(G), device.place(D), device.place(augmentation.transform(data))
    gan = GAN(
        model=model,
        G=G,
        D=D,
        G_ema=average_of(G),
        ema_decay=run.train.ema_decay,
        opt_g=make_optimizer(run.optim, G, run.optim.lr_g, device),
        opt_d=make_optimizer(run.optim, D, run.optim.lr_d, device),
        loss=zoo.create("loss", run.loss),
        lipschitz=lipschitz,
        conditioner=conditioner,
        augmentation=augmentation,
        transform=transform,
        device=device,
        per_sample=False,
        penalty_scale=torch.ones((), device=device.torch_device),
        clip_grad_norm=run.train.clip_grad_norm,
        ranks=ranks,
    )
    return replace(gan, per_sample=not check_networks(gan, run, data))


def advise(run: RunConfig, gan: GAN) -> Iterator[str]:
    """Yield what is allowed but will disappoint."""
    if gan.loss.unbounded and run.lipschitz.name == "none":
        yield (
            f"{run.loss.name} without a Lipschitz enforcer: D can lower its loss without end, "
            "so expect divergence (try --lipschitz gp)"
        )
    if overrides(gan.augmentation, "adapt", Augmentation) and (gan.loss.unbounded or gan.loss.relativistic):
        yield (
            f"augment {run.augment.name!r} follows the logits of reals, whose level {run.loss.name} leaves free: "
            "what it does will mean nothing (try --augment diffaug)"
        )
    if idle := _without_effect(run.optim):
        yield f"{idle} has no effect here: it needs optim.lr_decay, and beta2_end needs adam"
    if gan.device.precision == "bf16" and gan.device.torch_device.type == "cpu" and not has_bf16():
        yield "this processor has no bf16 arithmetic: expect a step to take a hundred times as long (--precision auto)"


def _without_effect(optim: OptimConfig) -> str:
    """Return the first end of a schedule that is set where no schedule leads there; empty if there is none."""
    standing = ("decay_over", "lr_end", "beta2_end", "penalty_end") if optim.lr_decay == "none" else ()
    idle = standing or (("beta2_end",) if optim.name != "adam" else ())
    ordinary = OptimConfig()
    return next((f"optim.{name}" for name in idle if getattr(optim, name) != getattr(ordinary, name)), "")


def _combine(parts: list[LipschitzEnforcer]) -> LipschitzEnforcer:
    constrains, projects = (
        any(overrides(part, moment, LipschitzEnforcer) for part in parts) for moment in ("constrain", "project")
    )
    if constrains and projects:
        what = (
            "an enforcer that re-parametrises the weights of D (sn) and one that moves them back (clip) do not combine"
        )
        raise ConfigError(what, hint="--lipschitz sn, or --lipschitz clip")
    return parts[0] if len(parts) == 1 else Combined(parts)


def overrides(part: object, moment: str, contract: type) -> bool:
    """Whether a component has a method of its own where its contract has a default."""
    return getattr(type(part), moment) is not getattr(contract, moment)


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


def check_networks(gan: GAN, run: RunConfig, data: DataSpec) -> bool:
    """Run copies of the networks on four samples before the first step; random state and weights stay as they were.

    Returns whether D mixes samples: whether a logit moves with the others of its batch. Raises PluginError for wrong
    shapes, for non-finite values and for an augmentation that mixes samples, and ConfigError if an enforcer that speaks
    of single samples meets a discriminator that mixes them.
    """
    device = gan.device.torch_device
    with forked(device):
        G, D, transform = (copy.deepcopy(network) for network in (gan.G, gan.D, gan.transform))
        z, y = torch.randn(4, gan.z_dim, device=device), torch.zeros(4, dtype=torch.long, device=device)
        x = G(z, y)
        _expect(x, (4, *data.shape), f"generator of model {run.model.name!r}", "samples")
        x = x.detach().requires_grad_(True)
        changed = transform(x)
        _expect(changed, (4, *data.shape), f"augment {run.augment.name!r}", "samples")
        if _mixes_samples(changed, x):
            what = f"augment {run.augment.name!r} breaks its contract: what becomes of a sample depends on others"
            raise PluginError(what, hint="--augment none")
        verdict: Verdict = D(x, y)
        _expect(verdict.logits, (4,), f"discriminator of model {run.model.name!r}", "logits")
        mixes = _mixes_samples(verdict.logits, x) or _mixes_samples(verdict.class_logits, x)
    if mixes and gan.lipschitz.per_sample:
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


def _mixes_samples(said: Tensor | None, x: Tensor) -> bool:
    """Whether row 0 has a gradient on samples 1, 2 or 3: what a per-sample penalty must not meet."""
    if said is None or not said.requires_grad:
        return False
    (gradient,) = torch.autograd.grad(said[0].sum(), x, retain_graph=True, allow_unused=True)
    return gradient is not None and bool((gradient[1:] != 0).any())
