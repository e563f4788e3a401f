"""The optimisers that ship; beta1, beta2 and weight_decay are settings of [optim], which all of them share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn
from torch.optim import Optimizer

from ganzoo.builtin import eager_optimizers, lion, optimistic_adam
from ganzoo.contracts import Coefficients, UpdateRule
from ganzoo.hookspecs import hookimpl

OF_ADAM = ("beta1", "beta2", "beta2_end", "weight_decay")


@dataclass(frozen=True)
class Adam(UpdateRule):
    """Divide a mean of gradients by the root of a mean of their squares. Kingma and Ba 2015, arXiv:1412.6980.

    `optim.weight_decay` is added to the gradient, so that it is divided too: an L2 penalty.
    """

    reads: ClassVar[tuple[str, ...]] = OF_ADAM
    captured: ClassVar[bool] = True
    normalized: ClassVar[bool] = True
    made: ClassVar[Callable[..., Optimizer]] = eager_optimizers.Adam

    def optimizer(self, weights: Sequence[nn.Parameter], lr: float | Tensor, settings: Coefficients) -> Optimizer:
        """Return torch's optimiser of this name, fused."""
        betas, on_cuda = (settings.beta1, settings.beta2), isinstance(lr, Tensor) and lr.is_cuda
        return type(self).made(
            weights, lr=lr, betas=betas, weight_decay=settings.weight_decay, fused=True, capturable=on_cuda
        )


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam whose weight decay does not pass the division. Loshchilov and Hutter 2019, arXiv:1711.05101, Algorithm 2.

    Each step also shrinks the weights by `lr * optim.weight_decay`, which is 0 unless it is set.
    """

    made: ClassVar[Callable[..., Optimizer]] = eager_optimizers.AdamW


@dataclass(frozen=True)
class RMSprop(UpdateRule):
    """Divide gradients by the root of a mean of their squares. Hinton 2012, Lecture 6e; arXiv:1609.04747, Section 4.5.

    `optim.beta2` is the decay of that mean; `optim.weight_decay` is added to the gradient.
    """

    reads: ClassVar[tuple[str, ...]] = ("beta2", "weight_decay")
    captured: ClassVar[bool] = True
    normalized: ClassVar[bool] = True

    def optimizer(self, weights: Sequence[nn.Parameter], lr: float | Tensor, settings: Coefficients) -> Optimizer:
        """Return torch's RMSprop over lists of tensors."""
        decay, on_cuda = settings.weight_decay, isinstance(lr, Tensor) and lr.is_cuda
        return eager_optimizers.RMSprop(
            weights, lr=lr, alpha=settings.beta2, weight_decay=decay, foreach=True, capturable=on_cuda
        )


@dataclass(frozen=True)
class SGD(UpdateRule):
    """Follow the gradient of a batch. Robbins and Monro 1951, doi:10.1214/aoms/1177729586.

    It has no momentum; `optim.weight_decay` is added to the gradient.
    """

    reads: ClassVar[tuple[str, ...]] = ("weight_decay",)
    captured: ClassVar[bool] = True

    def optimizer(self, weights: Sequence[nn.Parameter], lr: float | Tensor, settings: Coefficients) -> Optimizer:
        """Return torch's SGD, fused."""
        return eager_optimizers.SGD(weights, lr=lr, weight_decay=settings.weight_decay, fused=True)


@dataclass(frozen=True)
class Lion(UpdateRule):
    """Move each weight by the learning rate, up or down. Chen et al. 2023, arXiv:2302.06675, Algorithm 2.

    w <- w - lr (sign(beta1 m + (1 - beta1) g) + weight_decay w), then m <- beta2 m + (1 - beta2) g. The paper takes
    beta1 = 0.9 and beta2 = 0.99, and rates 3 to 10 times smaller than those of AdamW.
    """

    reads: ClassVar[tuple[str, ...]] = OF_ADAM
    captured: ClassVar[bool] = True
    normalized: ClassVar[bool] = True

    def optimizer(self, weights: Sequence[nn.Parameter], lr: float | Tensor, settings: Coefficients) -> Optimizer:
        """Return an optimiser that keeps one momentum per weight."""
        return lion.Lion(weights, lr, (settings.beta1, settings.beta2), settings.weight_decay)


@dataclass(frozen=True)
class OptimisticAdam(UpdateRule):
    """Adam that expects the present direction to come again. Daskalakis et al. 2018, arXiv:1711.00141, Algorithm 1.

    w <- w - 2 lr u_t + lr u_(t-1) with the direction u_t of Adam: it converges in games in which descent circles. A
    beta1 above 0 delays the direction and undoes that in the bilinear game, so begin with `optim.beta1` at 0.
    """

    reads: ClassVar[tuple[str, ...]] = OF_ADAM
    captured: ClassVar[bool] = True
    normalized: ClassVar[bool] = True

    def optimizer(self, weights: Sequence[nn.Parameter], lr: float | Tensor, settings: Coefficients) -> Optimizer:
        """Return an optimiser that keeps both moments of Adam, and the direction before."""
        return optimistic_adam.OptimisticAdam(weights, lr, (settings.beta1, settings.beta2), settings.weight_decay)


@hookimpl
def register_optimizers() -> dict[str, type[UpdateRule]]:
    """Return the optimisers that ship."""
    return {
        "adam": Adam,
        "adamw": AdamW,
        "rmsprop": RMSprop,
        "sgd": SGD,
        "lion": Lion,
        "optimistic-adam": OptimisticAdam,
    }
