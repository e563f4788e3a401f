"""Schedules of [optim]: learning rates, beta2 and the factor of the penalty, moved together along one curve."""

from __future__ import annotations

from torch import Tensor

from ganzoo.contracts import Schedule
from ganzoo.settings.sections import OptimConfig
from ganzoo.training.gan import GAN


def set_schedule(gan: GAN, optim: OptimConfig, done: float, scale: float = 1.0) -> None:
    """Set learning rates, beta2 and the factor of the penalty; `done` in [0, 1) is the fraction of the run so far.

    `scale` is a factor of both rates.
    """
    left = gan.schedule.left(min(1.0, done / optim.decay_over))
    gan.penalty_scale.fill_(optim.penalty_end + left * (1 - optim.penalty_end))
    for optimizer in (gan.opt_g, gan.opt_d):
        for group in optimizer.param_groups:
            rate = scale * group["initial_lr"] * (optim.lr_end + left * (1 - optim.lr_end))
            if isinstance(group["lr"], Tensor):  # a captured graph reads it
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate
            if optim.beta2_end and "betas" in group:
                group["betas"] = (optim.beta1, optim.beta2_end + left * (optim.beta2 - optim.beta2_end))


def is_constant(schedule: Schedule) -> bool:
    """Return whether a schedule stays at 1, at eleven points of the run, so that nothing moves to an end."""
    return all(schedule.left(share / 10) == 1 for share in range(11))
