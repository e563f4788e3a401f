"""Losses: what each player wants, the numbers of the papers, and gradients that survive a confident critic."""

import math

import pytest
import torch

from ganzoo.builtin.losses import Hinge, LeastSquares, Minimax, NonSaturating, Wasserstein

REAL, FAKE = torch.tensor([2.0, 0.0]), torch.tensor([-1.0, 3.0])


def softplus(x: float) -> float:
    return math.log1p(math.exp(x))


@pytest.mark.parametrize(
    ("loss", "discriminator", "generator"),
    [
        (Minimax(), (softplus(-2) + softplus(0) + softplus(-1) + softplus(3)) / 2, -(softplus(-1) + softplus(3)) / 2),
        (
            NonSaturating(),
            (softplus(-2) + softplus(0) + softplus(-1) + softplus(3)) / 2,
            (softplus(1) + softplus(-3)) / 2,
        ),
        (LeastSquares(), ((1 + 1) / 2 + (1 + 9) / 2) / 2, (4 + 4) / 2 / 2),
        (Wasserstein(), 1.0 - 1.0, -1.0),
        (Hinge(), (0 + 1) / 2 + (0 + 4) / 2, -1.0),
    ],
    ids=lambda value: type(value).__name__,
)
def test_losses_equal_their_formula_by_hand(loss, discriminator, generator):
    assert loss.discriminator_loss(real=REAL, fake=FAKE).item() == pytest.approx(discriminator, rel=1e-6)
    assert loss.generator_loss(fake=FAKE).item() == pytest.approx(generator, rel=1e-6)


def gradient_at(loss, logit: float) -> float:
    fake = torch.tensor([logit], requires_grad=True)
    (gradient,) = torch.autograd.grad(loss.generator_loss(fake=fake), fake)
    return gradient.item()


def test_non_saturating_loss_keeps_its_gradient_where_the_critic_is_certain():
    assert gradient_at(NonSaturating(), -30.0) == pytest.approx(-1.0, abs=1e-6)


def test_minimax_loss_saturates_there():
    assert abs(gradient_at(Minimax(), -30.0)) < 1e-12
