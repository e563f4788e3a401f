"""The training loop of every GAN. Read beside Algorithm 1 of arXiv:1704.00028."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cached_property
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ganzoo.errors import CheckpointError, DivergedError
from ganzoo.settings.sections import RunConfig
from ganzoo.settings.toml import flatten, to_tables
from ganzoo.training import randomness
from ganzoo.training.clock import find_clocks, set_clocks
from ganzoo.training.compatibility import FREE, check_settings
from ganzoo.training.feed import Feed
from ganzoo.training.gan import GAN
from ganzoo.training.graphs import Updates
from ganzoo.training.schedule import set_schedule
from ganzoo.training.steps import Terms

ROLLBACK_SCALE = 0.5
"""Factor of the learning rates after each rollback."""


class Command(Enum):
    """Request of the journal to the loop after a step."""

    GO_ON = auto()
    SAVE = auto()
    STOP = auto()
    """Save, then end the loop."""


class Journal(Protocol):
    """Receiver of a run: the loop decides when to report, the journal decides how and where."""

    def step(self, step: int) -> Command:
        """Note that a step is done, and return how to go on."""

    def record(self, step: int, values: Mapping[str, float]) -> None:
        """Log the numbers of one step."""

    def sample(self, step: int, gan: GAN) -> None:
        """Show samples of G_ema."""

    def evaluate(self, step: int, gan: GAN) -> bool:
        """Score samples of G_ema, and return whether the score is the best so far."""

    def diagnose(self, step: int, gan: GAN) -> None:
        """Look for faults; the GAN and the random state stay as they are."""

    def save(self, step: int, state: Mapping[str, Any]) -> None:
        """Save a state from which the run resumes exactly."""


@dataclass
class Training:
    """A GAN, its data, and the number of steps done."""

    run: RunConfig
    gan: GAN
    feed: Feed
    updates: Updates
    step: int = 0
    rollbacks: list[dict[str, Any]] = field(default_factory=list)
    """Divergences after which the run went back: the step of each, the step of the checkpoint, and what diverged."""

    @cached_property
    def clocks(self) -> list[Tensor]:
        """Buffers that hold the share of the run that is done, found once: whatever changes them does so in place."""
        return find_clocks(self.gan.modules)

    def state_dict(self) -> dict[str, Any]:
        """Return all that determines the next step: networks, optimisers, position in the data, random states."""
        return {
            **self.gan.state_dict(),
            "step": self.step,
            "position": self.feed.position,
            "random": randomness.capture(),
            "settings": flatten(to_tables(self.run)),
            "rollbacks": [dict(rollback) for rollback in self.rollbacks],
        }

    def load_state_dict(self, state: dict[str, Any], free: tuple[str, ...] = FREE) -> None:
        """Restore the state that `state_dict` returned. Raises CheckpointError if settings or networks differ.

        `free` has the beginnings of the settings that may.
        """
        try:
            check_settings(state["settings"], self.run, free)
            self.gan.load_state_dict(state)
            self.step, self.feed.position = state["step"], state["position"]
            randomness.restore(state["random"])
            self.count_rollbacks(state.get("rollbacks", []))
        except KeyError as error:
            raise CheckpointError(f"the checkpoint lacks {error}") from error
        except (RuntimeError, ValueError) as error:
            raise CheckpointError(f"the checkpoint does not fit the recipe: {error}") from error

    def count_rollbacks(self, rollbacks: list[dict[str, Any]]) -> None:
        """Take the rates and the order of the data that follow from these rollbacks."""
        self.rollbacks = rollbacks
        self.feed.reorder(len(rollbacks))

    @property
    def rate_scale(self) -> float:
        """Factor of both learning rates: half for each rollback."""
        return ROLLBACK_SCALE ** len(self.rollbacks)

    def align(self) -> None:
        """Copy weights, buffers, moving average and random state of rank 0 to this rank."""
        gan, device = self.gan, self.gan.device.torch_device
        generator = randomness.read_generator(device)
        state = [tensor for module in (*gan.modules, gan.G_ema) for tensor in module.state_dict().values()]
        gan.ranks.broadcast([*state, generator])
        randomness.set_generator(device, generator)


def train(training: Training, journal: Journal) -> None:
    """Train from the current step to the last one, or until the journal asks to stop.

    Raises DivergedError when a logged number is no longer finite.
    """
    gan, run = training.gan, training.run
    while training.step < run.train.steps:
        terms = advance(training)
        step, last = training.step, training.step == run.train.steps
        command = journal.step(step)
        if last or _is_due(step, run.train.log_every):  # log the losses
            journal.record(step, measure(gan, terms, step))
        if last or _is_due(step, run.train.sample_every):  # show sample images
            journal.sample(step, gan)
        if _is_due(step, run.train.diagnose_every):  # look for faults
            journal.diagnose(step, gan)
        best = _is_due(step, run.eval.every) and journal.evaluate(step, gan)
        if last or best or command is not Command.GO_ON or _is_due(step, run.train.save_every):  # write a checkpoint
            journal.save(step, training.state_dict())
        if command is Command.STOP:  # leave early
            return


def _is_due(step: int, every: int) -> bool:
    return every > 0 and step % every == 0


def advance(training: Training) -> Terms:
    """Do one step: n_critic updates of D, then one of G. Returns the terms of the last update of each."""
    gan, feed, optim = training.gan, training.feed, training.run.optim
    done = training.step / training.run.train.steps
    set_schedule(gan, optim, done, training.rate_scale)
    set_clocks(training.clocks, done)
    with gan.device.arithmetic():
        for _ in range(optim.n_critic):
            terms = training.updates.discriminator(*feed.next(optim.batch_size))
        terms |= training.updates.generator(*feed.next(optim.batch_size_g or optim.batch_size))
    training.step += 1
    return terms


def measure(gan: GAN, terms: Terms, step: int) -> dict[str, float]:
    """Return the terms of a step, averaged over ranks, with gradient norms and learning rates. Waits for the device.

    Raises DivergedError, naming the first number that is not finite.
    """
    gan.ranks.average(list(terms.values()))
    values = {name: float(value) for name, value in terms.items()}
    values |= {"grad_norm/d": _gradient_norm(gan.D), "grad_norm/g": _gradient_norm(gan.G)}
    values |= {"lr/d": float(gan.opt_d.param_groups[0]["lr"]), "lr/g": float(gan.opt_g.param_groups[0]["lr"])}
    for name, value in values.items():
        if not math.isfinite(value):
            raise DivergedError(f"diverged by step {step}: {name} is {value}", hint=", or ".join(REMEDIES))
    return values


REMEDIES = (
    "--lipschitz gp",
    "--set optim.lr_d=1e-4 --set optim.lr_g=1e-4",
    "--set train.clip_grad_norm=1",
    "--set train.on_nan=rollback",
)
"""Options that may keep a run from diverging, most promising first."""


def _gradient_norm(network: nn.Module) -> float:
    gradients: list[Tensor] = [weight.grad for weight in network.parameters() if weight.grad is not None]
    return float(torch.nn.utils.get_total_norm(gradients))
