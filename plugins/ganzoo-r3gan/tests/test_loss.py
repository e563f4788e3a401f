"""The relativistic pairing loss, against numbers by hand."""

import math

import pytest
import torch
from ganzoo_r3gan.loss import RelativisticPairing

LOSS = RelativisticPairing()


def both(real, fake):
    return LOSS.discriminator_loss(real=real, fake=fake), LOSS.generator_loss(real=real, fake=fake)


def test_equal_logits_cost_each_player_log_2():
    logits = torch.randn(8)
    assert [loss.item() for loss in both(logits, logits)] == pytest.approx([math.log(2)] * 2)


def test_each_pair_costs_the_softplus_of_its_difference():
    real, fake = torch.tensor([2.0, 0.0]), torch.tensor([0.0, 1.0])
    d = (math.log1p(math.exp(-2)) + math.log1p(math.exp(1))) / 2
    g = (math.log1p(math.exp(2)) + math.log1p(math.exp(-1))) / 2
    assert [loss.item() for loss in both(real, fake)] == pytest.approx([d, g])


def test_at_equal_logits_the_gradient_is_half_per_sample_up_for_reals_and_down_for_fakes():
    real, fake = (torch.zeros(4, requires_grad=True) for _ in range(2))
    LOSS.discriminator_loss(real=real, fake=fake).backward()
    assert real.grad.tolist() == [-1 / 8] * 4  # -sigmoid(0) / N: descending raises the reals
    assert fake.grad.tolist() == [1 / 8] * 4


def test_only_differences_count():
    real, fake = torch.randn(2, 8, dtype=torch.double)
    assert torch.allclose(torch.stack(both(real, fake)), torch.stack(both(real + 5, fake + 5)))


def test_it_pairs_rows_and_not_means():
    real, fake = torch.tensor([4.0, -4.0]), torch.tensor([4.0, -4.0])
    assert LOSS.discriminator_loss(real=real, fake=fake) < LOSS.discriminator_loss(real=real, fake=fake.flip(0))


def test_an_error_of_a_thousand_still_pulls_with_full_strength():
    fake = torch.full((1,), -1000.0, requires_grad=True)
    LOSS.generator_loss(real=torch.zeros(1), fake=fake).backward()
    assert fake.grad.item() == -1


def test_generator_is_given_the_reals():
    assert RelativisticPairing.relativistic
