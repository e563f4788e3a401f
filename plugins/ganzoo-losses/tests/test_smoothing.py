"""One-sided label smoothing, against numbers by hand."""

import math

import pytest
import torch
from ganzoo_losses.smoothing import SmoothedLabels

import ganzoo


def test_logits_of_zero_cost_d_twice_log_2_and_g_once():
    loss, logits = SmoothedLabels(), torch.zeros(3)
    assert loss.discriminator_loss(real=logits, fake=logits).item() == pytest.approx(2 * math.log(2))
    assert loss.generator_loss(fake=logits).item() == pytest.approx(math.log(2))


@pytest.mark.parametrize("real", [2.0, -1.0])
def test_a_real_costs_the_cross_entropy_with_its_target(real):
    value = SmoothedLabels(target=0.8).discriminator_loss(real=torch.tensor([real]), fake=torch.tensor([-50.0]))
    probability = 1 / (1 + math.exp(-real))
    assert value.item() == pytest.approx(-0.8 * math.log(probability) - 0.2 * math.log(1 - probability))


def test_the_best_d_is_the_share_of_smoothed_reals():
    """With p = 3/4, 1/4 and q = 1/4, 3/4 on two points: logit(0.9 p / (p + q)) = log(0.9 p / (0.1 p + q))."""
    best = [math.log(0.9 * p / (0.1 * p + q)) for p, q in ((3 / 4, 1 / 4), (1 / 4, 3 / 4))]
    a, b = logits = torch.tensor(best, requires_grad=True)
    real, fake = torch.stack([a, a, a, b]), torch.stack([a, b, b, b])
    SmoothedLabels().discriminator_loss(real=real, fake=fake).backward()
    assert logits.grad.tolist() == pytest.approx([0, 0], abs=1e-6)


def test_without_smoothing_it_is_binary_cross_entropy():
    bce = ganzoo.load_zoo(disabled=["all"]).entry("loss", "bce").component()
    real, fake = torch.randn(2, 6)
    one, other = (loss.discriminator_loss(real=real, fake=fake) for loss in (SmoothedLabels(target=1.0), bce))
    assert torch.equal(one, other)


def test_certainty_is_pulled_back_with_the_smoothed_share():
    real = torch.full((1,), 1000.0, requires_grad=True)
    value = SmoothedLabels().discriminator_loss(real=real, fake=torch.full((1,), -1000.0))
    value.backward()
    assert value.item() == pytest.approx(100)  # 0.1 of 1,000
    assert real.grad.item() == pytest.approx(0.1)


@pytest.mark.parametrize("target", [0.0, 1.1])
def test_a_target_that_is_no_probability_is_refused(target):
    options = {"loss.target": target}
    with pytest.raises(ganzoo.ConfigError, match=r"loss.target"):
        ganzoo.run(model="mlp", loss="label-smoothing", dataset="gaussians8", steps=1, options=options)
