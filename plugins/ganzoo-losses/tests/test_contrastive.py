"""The dual contrastive loss, against numbers by hand and the sums of its equations."""

import math

import pytest
import torch
from ganzoo_losses.contrastive import DualContrastive


def by_the_equations(real, fake):
    """Eq. 3 and 4 with the batch as the samples of each sum."""
    reals = [math.log(1 + sum(math.exp(f - r) for f in fake)) for r in real]
    fakes = [math.log(1 + sum(math.exp(f - r) for r in real)) for f in fake]
    return sum(reals) / len(reals) + sum(fakes) / len(fakes)


def test_equal_logits_cost_twice_the_log_of_one_more_than_the_samples_contrasted():
    logits = torch.full((4,), 0.3)
    loss = DualContrastive(negatives=7)
    assert loss.discriminator_loss(real=logits, fake=logits).item() == pytest.approx(2 * math.log(8))
    assert loss.generator_loss(real=logits, fake=logits).item() == pytest.approx(2 * math.log(8))


@pytest.mark.parametrize(("real", "fake"), [((2.0, 0.0), (0.0, 1.0)), ((0.5, -1.0, 3.0), (-2.0, 0.0, 0.25))])
def test_as_many_negatives_as_the_batch_give_the_sums_of_the_paper(real, fake):
    loss = DualContrastive(negatives=len(real))
    value = loss.discriminator_loss(real=torch.tensor(real), fake=torch.tensor(fake))
    assert value.item() == pytest.approx(by_the_equations(real, fake))
    swapped = loss.generator_loss(real=torch.tensor(real), fake=torch.tensor(fake))
    assert swapped.item() == pytest.approx(by_the_equations(fake, real))


def test_it_is_the_cross_entropy_of_one_sample_among_those_of_the_other_kind():
    real, fake = torch.randn(2, 6, dtype=torch.double)
    rows = torch.cat([real[:, None], fake.expand(6, 6)], dim=1)
    columns = torch.cat([-fake[:, None], -real.expand(6, 6)], dim=1)
    first = torch.zeros(6, dtype=torch.long)
    peer = sum(torch.nn.functional.cross_entropy(logits, first) for logits in (rows, columns))
    assert torch.allclose(DualContrastive(negatives=6).discriminator_loss(real=real, fake=fake), peer)


def test_at_equal_logits_the_gradient_is_that_of_the_samples_contrasted():
    """Each term pulls by n / (n + 1): a logit is once the one that is told, and in the mean of the others."""
    real, fake = (torch.zeros(4, requires_grad=True) for _ in range(2))
    DualContrastive(negatives=3).discriminator_loss(real=real, fake=fake).backward()
    assert real.grad.tolist() == pytest.approx([-2 * 3 / 4 / 4] * 4)
    assert fake.grad.tolist() == pytest.approx([2 * 3 / 4 / 4] * 4)


def test_the_game_of_the_equations_is_a_zero_sum():
    real, fake = torch.randn(2, 5)
    loss = DualContrastive(saturating=True)
    total = loss.discriminator_loss(real=real, fake=fake) + loss.generator_loss(real=real, fake=fake)
    assert total.item() == 0


@pytest.mark.parametrize(("saturating", "slope"), [(False, -2.0), (True, 0.0)])
def test_g_is_pulled_where_d_is_certain_unless_it_plays_that_game(saturating, slope):
    fake = torch.full((1,), -1000.0, requires_grad=True)
    DualContrastive(saturating=saturating).generator_loss(real=torch.full((1,), 1000.0), fake=fake).backward()
    assert fake.grad.item() == slope


@pytest.mark.parametrize("sign", [1, -1])
def test_logits_of_a_thousand_are_finite(sign):
    real, fake = torch.tensor([1000.0, -1000.0, sign * 1000.0]), torch.tensor([-1000.0, 1000.0, -sign * 1000.0])
    assert DualContrastive().discriminator_loss(real=real, fake=fake).isfinite()
