"""The relativistic averages, against numbers by hand."""

import math

import pytest
import torch
from ganzoo_losses.relativistic import RelativisticAverage, RelativisticHinge, RelativisticLeastSquares

LOSSES = [RelativisticAverage(), RelativisticLeastSquares(), RelativisticHinge()]
REAL, FAKE = (3.0, 1.0), (0.0, -1.0)  # means 2 and -0.5


def softplus(x):
    return math.log1p(math.exp(x))


def d_loss(loss, real, fake):
    return loss.discriminator_loss(real=torch.as_tensor(real), fake=torch.as_tensor(fake))


@pytest.mark.parametrize(("loss", "value"), list(zip(LOSSES, (2 * math.log(2), 2.0, 2.0), strict=True)))
def test_equal_logits_cost_each_player_the_same(loss, value):
    logits = torch.full((4,), 0.7)
    assert d_loss(loss, logits, logits).item() == pytest.approx(value)
    assert loss.generator_loss(real=logits, fake=logits).item() == pytest.approx(value)


@pytest.mark.parametrize(
    ("loss", "value"),
    [
        # reals stand 3.5 and 1.5 above the mean fake, fakes 2 and 3 below the mean real
        (LOSSES[0], (softplus(-3.5) + softplus(-1.5) + softplus(-2) + softplus(-3)) / 2),
        (LOSSES[1], (2.5**2 + 0.5**2 + 1**2 + 2**2) / 2),
        (LOSSES[2], 0.0),
    ],
)
def test_each_logit_is_compared_with_the_mean_of_the_other_kind(loss, value):
    assert d_loss(loss, REAL, FAKE).item() == pytest.approx(value)


@pytest.mark.parametrize(
    ("loss", "value"),
    [
        (LOSSES[0], (softplus(3.5) + softplus(1.5) + softplus(2) + softplus(3)) / 2),
        (LOSSES[1], (4.5**2 + 2.5**2 + 3**2 + 4**2) / 2),
        (LOSSES[2], (4.5 + 2.5 + 3 + 4) / 2),
    ],
)
def test_g_pays_for_both_kinds_with_their_roles_exchanged(loss, value):
    assert loss.generator_loss(real=torch.tensor(REAL), fake=torch.tensor(FAKE)).item() == pytest.approx(value)


@pytest.mark.parametrize(("loss", "slope"), list(zip(LOSSES, (1.0, 4.0, 2.0), strict=True)))
def test_at_equal_logits_both_terms_pull_a_logit(loss, slope):
    """Each logit counts once itself and once in the mean: twice 1/2, 2 and 1, each over N."""
    real, fake = (torch.zeros(4, requires_grad=True) for _ in range(2))
    loss.discriminator_loss(real=real, fake=fake).backward()
    assert real.grad.tolist() == pytest.approx([-slope / 4] * 4)
    assert fake.grad.tolist() == pytest.approx([slope / 4] * 4)


@pytest.mark.parametrize("loss", LOSSES)
def test_only_differences_count(loss):
    real, fake = torch.randn(2, 8, dtype=torch.double)
    assert torch.allclose(d_loss(loss, real, fake), d_loss(loss, real + 5, fake + 5))


def test_the_hinge_stops_at_a_distance_of_one():
    real, fake = torch.full((3,), 1.0, requires_grad=True), torch.zeros(3)
    LOSSES[2].discriminator_loss(real=real + 0.1, fake=fake).backward()
    assert real.grad.tolist() == [0, 0, 0]


@pytest.mark.parametrize("loss", LOSSES)
def test_an_error_of_a_thousand_is_finite_and_pulls_g(loss):
    fake = torch.full((1,), -1000.0, requires_grad=True)
    value = loss.generator_loss(real=torch.full((1,), 1000.0), fake=fake)
    value.backward()
    assert value.isfinite() and fake.grad.item() <= -2  # by itself and by its mean


@pytest.mark.parametrize("loss", LOSSES)
def test_g_is_given_the_reals(loss):
    assert loss.relativistic
