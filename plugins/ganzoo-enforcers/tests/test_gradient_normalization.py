"""Gradient normalization of discriminators whose slope is known."""

import pytest
import torch
from ganzoo_enforcers import GradientNormalization
from torch import nn

import ganzoo

Y = torch.zeros(3, dtype=torch.long)


class Linear(nn.Module):
    """f(x) = w x + b, with a slope of 5."""

    def __init__(self):
        super().__init__()
        self.w, self.b = nn.Parameter(torch.tensor([3.0, -4.0])), nn.Parameter(torch.tensor(1.0))

    def forward(self, x, y):
        return ganzoo.Verdict(x @ self.w + self.b, features=x)


@pytest.fixture
def x():
    return torch.tensor([[1.0, 0.0], [0.0, 1.0], [-2.0, -2.0]])  # logits of 4, -3 and 3


def test_each_logit_is_divided_by_its_slope_and_itself(x):
    verdict = GradientNormalization().constrain(Linear())(x, Y)
    assert verdict.logits.tolist() == pytest.approx([4 / 9, -3 / 8, 3 / 8])
    assert torch.equal(verdict.features, x)


def test_the_slope_of_a_linear_critic_becomes_at_most_1(x):
    D, x = GradientNormalization().constrain(Linear()), x.requires_grad_(True)
    (gradient,) = torch.autograd.grad(D(x, Y).logits.sum(), x)
    # d/df of f / (5 + |f|) is 5 / (5 + |f|)^2, times the slope of 5
    assert gradient.norm(dim=1).tolist() == pytest.approx([25 / 81, 25 / 64, 25 / 64])


def test_weights_learn_through_the_slope_too(x):
    D = GradientNormalization().constrain(Linear())
    D(x[:1], Y[:1]).logits.sum().backward()
    w, b = D.network.w.detach(), D.network.b.detach()
    step = 1e-3
    moved = torch.tensor([3.0 + step, -4.0])
    after, before = ((x[0] @ v + b) / (v.norm() + (x[0] @ v + b).abs()) for v in (moved, w))
    assert D.network.w.grad[0].item() == pytest.approx(((after - before) / step).item(), rel=1e-2)


def test_without_gradients_it_says_the_same_and_keeps_no_graph(x):
    D = GradientNormalization().constrain(Linear())
    with torch.no_grad():
        quiet = D(x, Y)
    assert torch.equal(quiet.logits, D(x, Y).logits) and not quiet.logits.requires_grad


def test_frozen_weights_still_give_g_a_gradient(x):
    D, x = GradientNormalization().constrain(Linear()).requires_grad_(False), x.requires_grad_(True)
    D(x, Y).logits.sum().backward()
    assert x.grad.abs().sum() > 0 and D.network.w.grad is None


def test_a_flat_discriminator_that_says_0_gives_0():
    D = GradientNormalization().constrain(Linear())
    with torch.no_grad():
        D.network.w.zero_(), D.network.b.zero_()
    logits = D(torch.ones(3, 2), Y).logits
    logits.sum().backward()
    assert logits.tolist() == [0, 0, 0]


class Patches(Linear):
    def forward(self, x, y):
        return ganzoo.Verdict(x * self.w)


def test_several_logits_of_a_sample_are_refused(x):
    with pytest.raises(ganzoo.ConfigError, match="one logit of each sample") as refused:
        GradientNormalization().constrain(Patches())(x, Y)
    assert refused.value.hint == "--lipschitz gp"
