"""Penalties of slopes against critics whose slope is known."""

import pytest
import torch
from ganzoo_enforcers import ConsistencyTerm, MaxGradientPenalty, WassersteinDivergence, ZeroCentred
from torch import nn

import ganzoo

W = torch.tensor([3.0, -4.0])  # a slope of 5


def linear(x):
    return x @ W


def quadratic(x):
    """The slope at x is 2 ||x||."""
    return x.square().sum(dim=1)


def penalty(enforcer, critic=linear, *, real=None, fake=None):
    real = torch.randn(6, 2) if real is None else real
    return enforcer.penalty(critic, real=real, fake=real if fake is None else fake).item()


def test_zero_centred_costs_the_squared_slope():
    assert penalty(ZeroCentred(weight=2.0)) == pytest.approx(2 * 25)


def test_the_divergence_costs_a_power_of_the_slope():
    assert penalty(WassersteinDivergence()) == pytest.approx(2 * 5**6)
    assert penalty(WassersteinDivergence(k=0.5, p=2.0)) == pytest.approx(0.5 * 25)


def test_means_and_maxima_are_over_the_batch():
    x = torch.tensor([[1.0, 0.0], [0.0, 3.0]])  # slopes of 2 and 6
    assert penalty(ZeroCentred(weight=1.0), quadratic, real=x) == pytest.approx((4 + 36) / 2)
    assert penalty(MaxGradientPenalty(weight=1.0), quadratic, real=x) == pytest.approx(36)
    assert penalty(WassersteinDivergence(k=1.0, p=2.0), quadratic, real=x) == pytest.approx((4 + 36) / 2)


@pytest.mark.parametrize("enforcer", [ZeroCentred(weight=1.0), WassersteinDivergence(k=1.0, p=2.0)])
def test_points_lie_between_real_and_fake(enforcer):
    real, fake = torch.zeros(100_000, 2), torch.tensor([[3.0, 0.0]]).expand(100_000, 2)
    # the slope at epsilon * fake is 6 epsilon, whose square has the mean 36 / 3
    assert penalty(enforcer, quadratic, real=real, fake=fake) == pytest.approx(12, rel=0.02)


def test_the_largest_slope_is_at_the_point_farthest_out():
    real, fake = torch.zeros(10_000, 2), torch.tensor([[3.0, 0.0]]).expand(10_000, 2)
    assert penalty(MaxGradientPenalty(weight=1.0), quadratic, real=real, fake=fake) == pytest.approx(36, rel=0.01)


@pytest.mark.parametrize(("distance", "k", "p"), [(1.0, 2.0, 6.0), (3.0, 2.0, 6.0), (2.0, 0.5, 2.0)])
def test_the_optimal_slope_of_the_divergence_is_that_of_its_docstring(distance, k, p):
    slope = torch.tensor(1.0, requires_grad=True)
    enforcer, descent = WassersteinDivergence(k=k, p=p), torch.optim.Adam([slope], lr=0.02)
    real, fake = torch.full((4, 1), distance), torch.zeros(4, 1)
    for _ in range(300):
        descent.zero_grad()
        critic = lambda x: slope * x[:, 0]  # noqa: E731
        (critic(fake).mean() - critic(real).mean() + enforcer.penalty(critic, real=real, fake=fake)).backward()
        descent.step()
    assert slope.item() == pytest.approx((distance / (k * p)) ** (1 / (p - 1)), rel=0.01)


@pytest.mark.parametrize("enforcer", [ZeroCentred, MaxGradientPenalty, WassersteinDivergence])
def test_each_pulls_to_0_and_needs_logits_of_single_samples(enforcer):
    assert enforcer().target_slopes() == {"between": 0.0} and enforcer.per_sample


# CT


def test_without_dropout_both_draws_are_equal():
    assert penalty(ConsistencyTerm()) == 0


def noisy(*shifts):
    """A critic that adds another number at each call, as another draw of dropout does."""
    left = list(shifts)
    return lambda x: linear(x) + left.pop(0)


def test_squared_differences_above_the_margin_cost():
    assert penalty(ConsistencyTerm(), noisy(0.0, 0.5)) == pytest.approx(2 * 0.25)
    assert penalty(ConsistencyTerm(margin=0.2), noisy(0.0, 0.5)) == pytest.approx(2 * 0.05)
    assert penalty(ConsistencyTerm(margin=0.3), noisy(0.0, 0.5)) == 0


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.rectify = nn.ReLU()
        self.body = nn.Sequential(nn.Linear(2, 64), ganzoo.Rectifier(0.2), nn.Linear(64, 64), self.rectify)
        self.last = nn.Linear(64, 1)

    def forward(self, x, y):
        return ganzoo.Verdict(self.last(self.rectify(self.body(x))).squeeze(1))


def test_dropout_stands_behind_each_activation_in_training_alone():
    D, x, y = ConsistencyTerm(dropout=0.5).constrain(Network()), torch.randn(4, 2), torch.zeros(4)
    drops = [part for part in D.modules() if isinstance(part, nn.Dropout)]
    assert len(drops) == 3 and {drop.p for drop in drops} == {0.5}
    assert not torch.equal(D(x, y).logits, D(x, y).logits)
    assert torch.equal(D.eval()(x, y).logits, D(x, y).logits)


def test_the_term_is_twice_the_variance_that_dropout_gives_a_logit():
    D, x = ConsistencyTerm(dropout=0.5).constrain(Network()), torch.randn(1, 2).expand(20_000, 2)
    with torch.no_grad():
        value = ConsistencyTerm(weight=1.0).penalty(lambda x: D(x, None).logits, real=x, fake=x)
        assert value.item() == pytest.approx(2 * D(x, None).logits.var().item(), rel=0.05)


def test_a_discriminator_without_activations_is_refused():
    with pytest.raises(ganzoo.ConfigError, match="none that is a module") as refused:
        ConsistencyTerm().constrain(nn.Linear(2, 1))
    assert "--lipschitz gp" in refused.value.hint
