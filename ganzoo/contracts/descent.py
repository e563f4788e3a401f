"""Rules of descent: the optimiser of each player, and the schedule of its rates during a run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn
from torch.optim import Optimizer


@dataclass(frozen=True)
class Coefficients:
    """Settings of [optim] that update rules share; each reads those that it has a use for."""

    beta1: float = 0.5
    """Decay in [0, 1) of a mean of gradients."""
    beta2: float = 0.999
    """Decay in [0, 1) of a mean of their squares, or of a second mean."""
    weight_decay: float = 0.0
    """Pull of the weights to 0, at least 0."""


class UpdateRule(ABC):
    """Makes the optimiser of one player; each player has one of its own."""

    reads: ClassVar[tuple[str, ...]] = ()
    """Settings of [optim] that it reads, of beta1, beta2, beta2_end and weight_decay; others have no effect.

    With beta2_end the groups of its optimiser have `betas`, whose second value the schedule moves.
    """
    captured: ClassVar[bool] = False
    """True if a CUDA graph may repeat a step: it takes a tensor as `lr`, counts in tensors, waits for no device."""
    normalized: ClassVar[bool] = False
    """True if a step moves each weight by about the learning rate, whatever its gradient, as of Adam and Lion."""

    @abstractmethod
    def optimizer(self, weights: Sequence[nn.Parameter], lr: float | Tensor, settings: Coefficients) -> Optimizer:
        """Return the optimiser of these weights; the schedule moves the `lr` of its groups from what they have.

        `lr` is a tensor without dimensions on CUDA if the rule is `captured`, else a number. All that the optimiser
        keeps between steps lies in its `state`, so that `state_dict` has it.
        """


class Schedule(ABC):
    """Curve by which learning rates, and beta2 and the factor of the penalty, move to their ends."""

    @abstractmethod
    def left(self, done: float) -> float:
        """Return the part of the way to the ends that is left: 1 at first, 0 there; done in [0, 1] is the share done.

        It depends on `done` alone, so that a resumed run goes on along the same curve.
        """
